DROP TABLE login_failures;
DROP TABLE auth_challenges;
DROP TABLE api_keys;
DROP TABLE sessions;
DROP TABLE profiles;
DROP TABLE user_identities;
DROP TABLE users;
