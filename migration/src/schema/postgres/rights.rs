//! Who may do what with an object, where that is not what everybody may at first.

/// By object and role: `TABLE runs TO reader`, and what the role may, with `*` where it may pass that
/// on. Nothing where a role lost what it has at first. What an owner may is not told: roles have other
/// names elsewhere.
pub(super) const GRANTS: &str = "SELECT o.name || ' TO ' || CASE g.grantee WHEN 0 THEN 'PUBLIC'
            ELSE quote_ident(pg_get_userbyid(g.grantee)) END, coalesce(g.has, '')
    FROM (SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || quote_ident(c.relname),
              c.oid, c.relowner, c.relacl,
              acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::\"char\", c.relowner)
          FROM pg_class c
          WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
            AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                            AND d.objid = c.oid AND d.deptype = 'e')
          UNION ALL
          SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END
                  || p.oid::regprocedure::text, 0, p.proowner, p.proacl, acldefault('f', p.proowner)
          FROM pg_proc p
          WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.proacl IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                            AND d.objid = p.oid AND d.deptype = 'e')
          UNION ALL
          SELECT 'TYPE ' || quote_ident(t.typname), 0, t.typowner, t.typacl,
              acldefault('T', t.typowner)
          FROM pg_type t
          WHERE t.typnamespace = quote_ident(current_schema())::regnamespace AND t.typacl IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass
                            AND d.objid = t.oid AND d.deptype = 'e')) o (name, oid, owner, acl, usual),
    LATERAL (
        SELECT a.grantee,
            string_agg(a.what, ', ' ORDER BY a.what) FILTER (WHERE a.is_real) AS has,
            string_agg(a.what, ', ' ORDER BY a.what) FILTER (WHERE NOT a.is_real) AS had
        FROM (SELECT e.grantee, e.privilege_type || CASE WHEN bool_or(e.is_grantable)
                      THEN '*' ELSE '' END AS what, true AS is_real
              FROM aclexplode(coalesce(o.acl, o.usual)) e GROUP BY e.grantee, e.privilege_type
              UNION ALL
              SELECT e.grantee, e.privilege_type || ' (' || quote_ident(c.attname) || ')'
                  || CASE WHEN bool_or(e.is_grantable) THEN '*' ELSE '' END, true
              FROM pg_attribute c, LATERAL aclexplode(c.attacl) e
              WHERE c.attrelid = o.oid AND c.attnum > 0 AND NOT c.attisdropped
              GROUP BY e.grantee, e.privilege_type, c.attname
              UNION ALL
              SELECT e.grantee, e.privilege_type, false FROM aclexplode(o.usual) e) a
        WHERE a.grantee <> o.owner GROUP BY a.grantee) g
    WHERE g.has IS DISTINCT FROM g.had";
