CREATE TYPE run_status AS ENUM ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED');
CREATE TYPE run_event_kind AS ENUM ('created', 'claimed', 'stage', 'completed', 'failed', 'retried', 'reclaimed');

CREATE TABLE runs (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    company_id varchar(255) NOT NULL,
    company_name varchar(255) NOT NULL,
    document_name varchar(255) NOT NULL,
    document_url text NOT NULL,
    document_upload_id uuid,
    status run_status NOT NULL,
    current_stage integer NOT NULL DEFAULT 0,
    error_message text,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    claimed_by varchar(255),
    lease_token uuid,
    lease_until timestamp with time zone,
    attempt integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT runs_pkey PRIMARY KEY (id),
    CONSTRAINT runs_current_stage_check CHECK (current_stage BETWEEN 0 AND 5),
    CONSTRAINT runs_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT runs_document_upload_id_fkey FOREIGN KEY (document_upload_id) REFERENCES uploads (id) ON DELETE SET NULL
);

CREATE INDEX runs_user_id_created_at_id_idx ON runs (user_id, created_at, id);
CREATE INDEX runs_status_created_at_id_idx ON runs (status, created_at, id);
CREATE INDEX runs_company_id_created_at_id_idx ON runs (company_id, created_at, id);
CREATE INDEX runs_created_at_id_idx ON runs (created_at, id);
CREATE INDEX runs_document_upload_id_idx ON runs (document_upload_id);

CREATE TABLE run_events (
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind run_event_kind NOT NULL,
    stage integer,
    worker varchar(255),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT run_events_pkey PRIMARY KEY (id),
    CONSTRAINT run_events_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX run_events_run_id_seq_key ON run_events (run_id, seq);

CREATE TABLE opportunity_cards (
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    user_id uuid NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    tagline text NOT NULL,
    problem text NOT NULL,
    solution text NOT NULL,
    why_now text NOT NULL,
    target_segment text NOT NULL,
    quick_win text NOT NULL,
    starred bool NOT NULL DEFAULT FALSE,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT opportunity_cards_pkey PRIMARY KEY (id),
    CONSTRAINT opportunity_cards_number_check CHECK (number BETWEEN 1 AND 5),
    CONSTRAINT opportunity_cards_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE,
    CONSTRAINT opportunity_cards_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX opportunity_cards_user_id_starred_created_at_id_idx ON opportunity_cards (user_id, starred, created_at, id);
CREATE INDEX opportunity_cards_user_id_created_at_id_idx ON opportunity_cards (user_id, created_at, id);
CREATE UNIQUE INDEX opportunity_cards_run_id_number_key ON opportunity_cards (run_id, number);

CREATE TABLE inspiration_reports (
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    inspiration1_title text NOT NULL,
    inspiration1_content text NOT NULL,
    inspiration1_elements jsonb NOT NULL,
    inspiration2_title text NOT NULL,
    inspiration2_content text NOT NULL,
    inspiration2_elements jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT inspiration_reports_pkey PRIMARY KEY (id),
    CONSTRAINT inspiration_reports_run_id_key UNIQUE (run_id),
    CONSTRAINT inspiration_reports_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE TABLE stage_outputs (
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    stage_number integer NOT NULL,
    markdown_output text NOT NULL,
    json_output jsonb,
    attempt integer NOT NULL,
    content_hash varchar(64) NOT NULL,
    started_at timestamp with time zone,
    duration_ms bigint,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT stage_outputs_pkey PRIMARY KEY (id),
    CONSTRAINT stage_outputs_stage_number_check CHECK (stage_number BETWEEN 1 AND 5),
    CONSTRAINT stage_outputs_run_id_fkey FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX stage_outputs_run_id_stage_number_key ON stage_outputs (run_id, stage_number);
