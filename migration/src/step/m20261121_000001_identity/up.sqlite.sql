CREATE TABLE users (
    id uuid_text NOT NULL,
    email varchar(255),
    email_key varchar(255),
    name varchar(255),
    password_hash varchar(255),
    role enum_text NOT NULL,
    status enum_text NOT NULL,
    last_login timestamp_with_timezone_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key_key UNIQUE (email_key),
    CONSTRAINT users_email_length CHECK (length(email) <= 255),
    CONSTRAINT users_email_key_length CHECK (length(email_key) <= 255),
    CONSTRAINT users_name_length CHECK (length(name) <= 255),
    CONSTRAINT users_password_hash_length CHECK (length(password_hash) <= 255),
    CONSTRAINT users_role_check CHECK (role IN ('user', 'operator', 'admin')),
    CONSTRAINT users_status_check CHECK (status IN ('active', 'suspended'))
);

CREATE INDEX users_created_at_id_idx ON users (created_at, id);

CREATE TABLE user_identities (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    provider varchar(255) NOT NULL,
    subject varchar(255) NOT NULL,
    last_used_at timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT user_identities_pkey PRIMARY KEY (id),
    CONSTRAINT user_identities_provider_length CHECK (length(provider) <= 255),
    CONSTRAINT user_identities_subject_length CHECK (length(subject) <= 255),
    CONSTRAINT user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX user_identities_provider_subject_key ON user_identities (provider, subject);
CREATE INDEX user_identities_user_id_idx ON user_identities (user_id);

CREATE TABLE profiles (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    username varchar(255) NOT NULL,
    bio text,
    avatar text,
    social_links jsonb_text NOT NULL DEFAULT '{}',
    preferences jsonb_text NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT profiles_pkey PRIMARY KEY (id),
    CONSTRAINT profiles_username_key UNIQUE (username),
    CONSTRAINT profiles_username_length CHECK (length(username) <= 255),
    CONSTRAINT profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX profiles_user_id_idx ON profiles (user_id);

CREATE TABLE sessions (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    token_hash varchar(64) NOT NULL,
    method varchar(255) NOT NULL,
    user_agent text,
    ip varchar(64),
    last_seen_at timestamp_with_timezone_text NOT NULL,
    expires_at timestamp_with_timezone_text NOT NULL,
    revoked_at timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_token_hash_key UNIQUE (token_hash),
    CONSTRAINT sessions_token_hash_length CHECK (length(token_hash) <= 64),
    CONSTRAINT sessions_method_length CHECK (length(method) <= 255),
    CONSTRAINT sessions_ip_length CHECK (length(ip) <= 64),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE api_keys (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    name varchar(255) NOT NULL,
    prefix varchar(64) NOT NULL,
    secret_hash varchar(64) NOT NULL,
    scopes jsonb_text NOT NULL,
    expires_at timestamp_with_timezone_text,
    last_used_at timestamp_with_timezone_text,
    revoked_at timestamp_with_timezone_text,
    replaced_by uuid_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
    CONSTRAINT api_keys_name_length CHECK (length(name) <= 255),
    CONSTRAINT api_keys_prefix_length CHECK (length(prefix) <= 64),
    CONSTRAINT api_keys_secret_hash_length CHECK (length(secret_hash) <= 64),
    CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT api_keys_replaced_by_fkey FOREIGN KEY (replaced_by) REFERENCES api_keys (id) ON DELETE SET NULL
);

CREATE INDEX api_keys_user_id_idx ON api_keys (user_id);
CREATE INDEX api_keys_replaced_by_idx ON api_keys (replaced_by);

CREATE TABLE auth_challenges (
    id uuid_text NOT NULL,
    kind enum_text NOT NULL,
    token_hash varchar(64) NOT NULL,
    user_id uuid_text,
    provider varchar(255),
    secret text,
    redirect_to text,
    expires_at timestamp_with_timezone_text NOT NULL,
    used_at timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT auth_challenges_pkey PRIMARY KEY (id),
    CONSTRAINT auth_challenges_token_hash_key UNIQUE (token_hash),
    CONSTRAINT auth_challenges_kind_check CHECK (kind IN ('oidc', 'wallet', 'reset', 'oauth')),
    CONSTRAINT auth_challenges_token_hash_length CHECK (length(token_hash) <= 64),
    CONSTRAINT auth_challenges_provider_length CHECK (length(provider) <= 255),
    CONSTRAINT auth_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX auth_challenges_user_id_idx ON auth_challenges (user_id);
CREATE INDEX auth_challenges_expires_at_idx ON auth_challenges (expires_at);

CREATE TABLE login_failures (
    id uuid_text NOT NULL,
    account_hash varchar(64) NOT NULL,
    address varchar(64) NOT NULL,
    window_start timestamp_with_timezone_text NOT NULL,
    count integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT login_failures_pkey PRIMARY KEY (id),
    CONSTRAINT login_failures_account_hash_length CHECK (length(account_hash) <= 64),
    CONSTRAINT login_failures_address_length CHECK (length(address) <= 64)
);

CREATE UNIQUE INDEX login_failures_account_hash_address_window_start_key ON login_failures (account_hash, address, window_start);
CREATE INDEX login_failures_window_start_id_idx ON login_failures (window_start, id);
