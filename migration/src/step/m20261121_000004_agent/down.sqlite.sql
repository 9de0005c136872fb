DROP TABLE integrations;
DROP TABLE execution_events;
DROP TABLE agent_executions;
DROP TABLE user_workflows;
DROP TABLE user_agents;
DROP TABLE agent_templates_v2;
