DROP TABLE stage_outputs;
DROP TABLE inspiration_reports;
DROP TABLE opportunity_cards;
DROP TABLE run_events;
DROP TABLE runs;
