//! What few schemas have: aggregates, operators, casts, collations, text search, foreign tables.

/// Each by what `DROP` calls it, and the statements that make it, with `;` and a line's end between
/// them.
pub(super) const OTHERS: &str = "WITH own (oid, name) AS (
        SELECT p.oid, quote_ident(p.proname) FROM pg_proc p
        WHERE p.pronamespace = quote_ident(current_schema())::regnamespace),
    of_extension (classid, objid) AS (
        SELECT d.classid, d.objid FROM pg_depend d WHERE d.deptype IN ('e', 'i')
          AND d.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass,
              'pg_collation'::regclass, 'pg_ts_dict'::regclass, 'pg_ts_config'::regclass,
              'pg_class'::regclass))
    SELECT f.name, 'CREATE ' || f.name || ' (' || (
            SELECT string_agg(v.word || ' = ' || coalesce(own.name, nullif(v.oid, 0)::regproc::text,
                v.value), ', ' ORDER BY v.at)
            FROM (VALUES
                (1, 'SFUNC', a.aggtransfn::oid, NULL),
                (2, 'STYPE', 0, format_type(a.aggtranstype, NULL)),
                (3, 'SSPACE', 0, nullif(a.aggtransspace, 0)::text),
                (4, 'FINALFUNC', a.aggfinalfn, NULL),
                (5, 'FINALFUNC_EXTRA', 0, CASE WHEN a.aggfinalextra THEN 'true' END),
                (6, 'FINALFUNC_MODIFY', 0, CASE WHEN a.aggfinalfn::oid <> 0 THEN CASE
                    a.aggfinalmodify WHEN 's' THEN 'SHAREABLE' WHEN 'w' THEN 'READ_WRITE'
                    ELSE 'READ_ONLY' END END),
                (7, 'COMBINEFUNC', a.aggcombinefn, NULL),
                (8, 'SERIALFUNC', a.aggserialfn, NULL),
                (9, 'DESERIALFUNC', a.aggdeserialfn, NULL),
                (10, 'INITCOND', 0, quote_literal(a.agginitval)),
                (11, 'MSFUNC', a.aggmtransfn, NULL),
                (12, 'MINVFUNC', a.aggminvtransfn, NULL),
                (13, 'MSTYPE', 0, format_type(nullif(a.aggmtranstype, 0), NULL)),
                (14, 'MSSPACE', 0, nullif(a.aggmtransspace, 0)::text),
                (15, 'MFINALFUNC', a.aggmfinalfn, NULL),
                (16, 'MFINALFUNC_EXTRA', 0, CASE WHEN a.aggmfinalextra THEN 'true' END),
                (17, 'MINITCOND', 0, quote_literal(a.aggminitval)),
                (18, 'SORTOP', 0, (SELECT CASE WHEN o.oprnamespace = p.pronamespace THEN o.oprname
                        ELSE format('OPERATOR(%I.%s)', n.nspname, o.oprname) END
                    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
                    WHERE o.oid = a.aggsortop)),
                (19, 'PARALLEL', 0, CASE p.proparallel WHEN 's' THEN 'SAFE'
                    WHEN 'r' THEN 'RESTRICTED' END),
                (20, 'HYPOTHETICAL', 0, CASE a.aggkind WHEN 'h' THEN 'true' END)
            ) v (at, word, oid, value) LEFT JOIN own ON own.oid = v.oid
            WHERE v.oid <> 0 OR v.value IS NOT NULL) || ')'
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid,
    LATERAL (SELECT 'AGGREGATE ' || quote_ident(p.proname) || '(' || CASE p.pronargs WHEN 0 THEN '*'
        ELSE pg_get_function_identity_arguments(p.oid) END || ')') f (name)
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
      AND ('pg_proc'::regclass, p.oid) NOT IN (SELECT * FROM of_extension)
    UNION ALL
    SELECT 'OPERATOR ' || o.oprname || ' (' || s.l || ', ' || s.r || ')',
        'CREATE OPERATOR ' || o.oprname || ' (' || (
            SELECT string_agg(v.word || ' = ' || coalesce(own.name, nullif(v.oid, 0)::regproc::text,
                v.value), ', ' ORDER BY v.at)
            FROM (VALUES
                (1, 'FUNCTION', o.oprcode::oid, NULL),
                (2, 'LEFTARG', 0, nullif(s.l, 'NONE')),
                (3, 'RIGHTARG', 0, nullif(s.r, 'NONE')),
                (4, 'COMMUTATOR', 0, (SELECT c.oprname::text FROM pg_operator c
                    WHERE c.oid = o.oprcom AND c.oprnamespace = o.oprnamespace)),
                (5, 'NEGATOR', 0, (SELECT c.oprname::text FROM pg_operator c
                    WHERE c.oid = o.oprnegate AND c.oprnamespace = o.oprnamespace)),
                (6, 'RESTRICT', o.oprrest, NULL),
                (7, 'JOIN', o.oprjoin, NULL),
                (8, 'HASHES', 0, CASE WHEN o.oprcanhash THEN 'true' END),
                (9, 'MERGES', 0, CASE WHEN o.oprcanmerge THEN 'true' END)
            ) v (at, word, oid, value) LEFT JOIN own ON own.oid = v.oid
            WHERE v.oid <> 0 OR v.value IS NOT NULL) || ')'
    FROM pg_operator o, LATERAL (SELECT
        coalesce(format_type(nullif(o.oprleft, 0), NULL), 'NONE'),
        coalesce(format_type(nullif(o.oprright, 0), NULL), 'NONE')) s (l, r)
    WHERE o.oprnamespace = quote_ident(current_schema())::regnamespace AND o.oprcode <> 0
      AND ('pg_operator'::regclass, o.oid) NOT IN (SELECT * FROM of_extension)
    UNION ALL
    SELECT s.name, 'CREATE ' || s.name
        || CASE k.castmethod WHEN 'i' THEN ' WITH INOUT' WHEN 'b' THEN ' WITHOUT FUNCTION'
           ELSE ' WITH FUNCTION ' || k.castfunc::regprocedure::text END
        || CASE k.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' ELSE '' END
    FROM pg_cast k JOIN pg_type f ON f.oid = k.castsource JOIN pg_type t ON t.oid = k.casttarget,
    LATERAL (SELECT 'CAST (' || format_type(k.castsource, NULL) || ' AS '
        || format_type(k.casttarget, NULL) || ')') s (name)
    WHERE quote_ident(current_schema())::regnamespace IN (f.typnamespace, t.typnamespace)
      AND ('pg_cast'::regclass, k.oid) NOT IN (SELECT * FROM of_extension)
    UNION ALL
    SELECT s.name, 'CREATE ' || s.name || CASE l.collprovider
        WHEN 'c' THEN format(' (PROVIDER = libc, LC_COLLATE = %L, LC_CTYPE = %L', l.collcollate,
            l.collctype)
        ELSE format(' (PROVIDER = %s, LOCALE = %L', CASE l.collprovider WHEN 'i' THEN 'icu'
                ELSE 'builtin' END,
            coalesce(j.j ->> 'colllocale', j.j ->> 'colliculocale', l.collcollate)) END
        || CASE WHEN l.collisdeterministic THEN '' ELSE ', DETERMINISTIC = false' END || ')'
    FROM pg_collation l, LATERAL (SELECT 'COLLATION ' || quote_ident(l.collname)) s (name),
    LATERAL (SELECT to_jsonb(l)) j (j)
    WHERE l.collnamespace = quote_ident(current_schema())::regnamespace
      AND ('pg_collation'::regclass, l.oid) NOT IN (SELECT * FROM of_extension)
    UNION ALL
    SELECT s.name, 'CREATE ' || s.name || ' (TEMPLATE = ' || quote_ident(n.nspname) || '.'
        || quote_ident(t.tmplname) || coalesce(', ' || d.dictinitoption, '') || ')'
    FROM pg_ts_dict d JOIN pg_ts_template t ON t.oid = d.dicttemplate
    JOIN pg_namespace n ON n.oid = t.tmplnamespace,
    LATERAL (SELECT 'TEXT SEARCH DICTIONARY ' || quote_ident(d.dictname)) s (name)
    WHERE d.dictnamespace = quote_ident(current_schema())::regnamespace
      AND ('pg_ts_dict'::regclass, d.oid) NOT IN (SELECT * FROM of_extension)
    UNION ALL
    SELECT s.name, 'CREATE ' || s.name || ' (PARSER = ' || quote_ident(n.nspname) || '.'
        || quote_ident(p.prsname) || ')' || coalesce((
            SELECT string_agg(E';\\nALTER ' || s.name || ' ADD MAPPING FOR ' || quote_ident(m.alias)
                || ' WITH ' || m.dictionaries, '' ORDER BY m.alias)
            FROM (SELECT k.alias, string_agg(m.mapdict::regdictionary::text, ', '
                      ORDER BY m.mapseqno) AS dictionaries
                  FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype
                  WHERE m.mapcfg = c.oid GROUP BY k.alias) m), '')
    FROM pg_ts_config c JOIN pg_ts_parser p ON p.oid = c.cfgparser
    JOIN pg_namespace n ON n.oid = p.prsnamespace,
    LATERAL (SELECT 'TEXT SEARCH CONFIGURATION ' || quote_ident(c.cfgname)) s (name)
    WHERE c.cfgnamespace = quote_ident(current_schema())::regnamespace
      AND ('pg_ts_config'::regclass, c.oid) NOT IN (SELECT * FROM of_extension)
    UNION ALL
    SELECT s.name, 'CREATE ' || s.name || ' (' || coalesce((
            SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                || coalesce(' OPTIONS (' || (SELECT string_agg(quote_ident(x.option_name)
                    || ' ' || quote_literal(x.option_value), ', ') FROM pg_options_to_table(a.attfdwoptions) x) || ')', '')
                || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
                || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY a.attnum)
            FROM pg_attribute a
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')
        || ') SERVER ' || quote_ident(v.srvname)
        || coalesce(' OPTIONS (' || (SELECT string_agg(quote_ident(x.option_name)
                    || ' ' || quote_literal(x.option_value), ', ') FROM pg_options_to_table(f.ftoptions) x) || ')', '')
    FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid
    JOIN pg_foreign_server v ON v.oid = f.ftserver,
    LATERAL (SELECT 'FOREIGN TABLE ' || quote_ident(c.relname)) s (name)
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
      AND ('pg_class'::regclass, c.oid) NOT IN (SELECT * FROM of_extension)";
