CREATE TYPE user_role AS ENUM ('user', 'operator', 'admin');
CREATE TYPE user_status AS ENUM ('active', 'suspended');
CREATE TYPE auth_challenge_kind AS ENUM ('oidc', 'wallet', 'reset', 'oauth');

CREATE TABLE users (
    id uuid NOT NULL,
    email varchar(255),
    email_key varchar(255),
    name varchar(255),
    password_hash varchar(255),
    role user_role NOT NULL,
    status user_status NOT NULL,
    last_login timestamp with time zone,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key_key UNIQUE (email_key)
);

CREATE INDEX users_created_at_id_idx ON users (created_at, id);

CREATE TABLE user_identities (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider varchar(255) NOT NULL,
    subject varchar(255) NOT NULL,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT user_identities_pkey PRIMARY KEY (id),
    CONSTRAINT user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX user_identities_provider_subject_key ON user_identities (provider, subject);
CREATE INDEX user_identities_user_id_idx ON user_identities (user_id);

CREATE TABLE profiles (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    username varchar(255) NOT NULL,
    bio text,
    avatar text,
    social_links jsonb NOT NULL DEFAULT '{}',
    preferences jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT profiles_pkey PRIMARY KEY (id),
    CONSTRAINT profiles_username_key UNIQUE (username),
    CONSTRAINT profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX profiles_user_id_idx ON profiles (user_id);

CREATE TABLE sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash varchar(64) NOT NULL,
    method varchar(255) NOT NULL,
    user_agent text,
    ip varchar(64),
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_token_hash_key UNIQUE (token_hash),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE api_keys (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name varchar(255) NOT NULL,
    prefix varchar(64) NOT NULL,
    secret_hash varchar(64) NOT NULL,
    scopes jsonb NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    replaced_by uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
    CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT api_keys_replaced_by_fkey FOREIGN KEY (replaced_by) REFERENCES api_keys (id) ON DELETE SET NULL
);

CREATE INDEX api_keys_user_id_idx ON api_keys (user_id);
CREATE INDEX api_keys_replaced_by_idx ON api_keys (replaced_by);

CREATE TABLE auth_challenges (
    id uuid NOT NULL,
    kind auth_challenge_kind NOT NULL,
    token_hash varchar(64) NOT NULL,
    user_id uuid,
    provider varchar(255),
    secret text,
    redirect_to text,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT auth_challenges_pkey PRIMARY KEY (id),
    CONSTRAINT auth_challenges_token_hash_key UNIQUE (token_hash),
    CONSTRAINT auth_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX auth_challenges_user_id_idx ON auth_challenges (user_id);
CREATE INDEX auth_challenges_expires_at_idx ON auth_challenges (expires_at);

CREATE TABLE login_failures (
    id uuid NOT NULL,
    account_hash varchar(64) NOT NULL,
    address varchar(64) NOT NULL,
    window_start timestamp with time zone NOT NULL,
    count integer NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT login_failures_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX login_failures_account_hash_address_window_start_key ON login_failures (account_hash, address, window_start);
CREATE INDEX login_failures_window_start_id_idx ON login_failures (window_start, id);
