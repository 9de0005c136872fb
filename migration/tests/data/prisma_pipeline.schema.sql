CREATE TYPE "RunStatus" AS ENUM (
    'PENDING',
    'RUNNING',
    'COMPLETED',
    'FAILED'
);
CREATE TABLE "InspirationReport" (
    id text NOT NULL,
    "runId" text NOT NULL,
    "inspiration1Title" text NOT NULL,
    "inspiration1Content" text NOT NULL,
    "inspiration1Elements" text[],
    "inspiration2Title" text NOT NULL,
    "inspiration2Content" text NOT NULL,
    "inspiration2Elements" text[],
    "createdAt" timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp(3) without time zone NOT NULL
);
CREATE TABLE "OpportunityCard" (
    id text NOT NULL,
    "runId" text NOT NULL,
    "userId" text NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    tagline text NOT NULL,
    problem text NOT NULL,
    solution text NOT NULL,
    why_now text NOT NULL,
    target_segment text NOT NULL,
    quick_win text NOT NULL,
    starred boolean DEFAULT false NOT NULL,
    "createdAt" timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp(3) without time zone NOT NULL
);
CREATE TABLE "Run" (
    id text NOT NULL,
    "userId" text NOT NULL,
    "companyId" text NOT NULL,
    "companyName" text NOT NULL,
    "documentName" text NOT NULL,
    "documentUrl" text NOT NULL,
    status "RunStatus" DEFAULT 'PENDING'::"RunStatus" NOT NULL,
    "currentStage" integer DEFAULT 0 NOT NULL,
    "errorMessage" text,
    "createdAt" timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp(3) without time zone NOT NULL,
    "completedAt" timestamp(3) without time zone
);
CREATE TABLE "StageOutput" (
    id text NOT NULL,
    "runId" text NOT NULL,
    "stageNumber" integer NOT NULL,
    "markdownOutput" text NOT NULL,
    "jsonOutput" jsonb,
    "createdAt" timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE TABLE "User" (
    id text NOT NULL,
    "clerkId" text NOT NULL,
    email text NOT NULL,
    name text,
    "createdAt" timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamp(3) without time zone NOT NULL
);
CREATE TABLE _prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
);
ALTER TABLE ONLY "InspirationReport"
    ADD CONSTRAINT "InspirationReport_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY "OpportunityCard"
    ADD CONSTRAINT "OpportunityCard_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY "Run"
    ADD CONSTRAINT "Run_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY "StageOutput"
    ADD CONSTRAINT "StageOutput_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY "User"
    ADD CONSTRAINT "User_pkey" PRIMARY KEY (id);
ALTER TABLE ONLY _prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
CREATE INDEX "InspirationReport_runId_idx" ON "InspirationReport" USING btree ("runId");
CREATE UNIQUE INDEX "InspirationReport_runId_key" ON "InspirationReport" USING btree ("runId");
CREATE INDEX "OpportunityCard_runId_number_idx" ON "OpportunityCard" USING btree ("runId", number);
CREATE INDEX "OpportunityCard_userId_createdAt_idx" ON "OpportunityCard" USING btree ("userId", "createdAt");
CREATE INDEX "OpportunityCard_userId_starred_idx" ON "OpportunityCard" USING btree ("userId", starred);
CREATE INDEX "Run_companyId_idx" ON "Run" USING btree ("companyId");
CREATE INDEX "Run_status_idx" ON "Run" USING btree (status);
CREATE INDEX "Run_userId_createdAt_idx" ON "Run" USING btree ("userId", "createdAt");
CREATE INDEX "StageOutput_runId_stageNumber_idx" ON "StageOutput" USING btree ("runId", "stageNumber");
CREATE INDEX "User_clerkId_idx" ON "User" USING btree ("clerkId");
CREATE UNIQUE INDEX "User_clerkId_key" ON "User" USING btree ("clerkId");
CREATE INDEX "User_email_idx" ON "User" USING btree (email);
CREATE UNIQUE INDEX "User_email_key" ON "User" USING btree (email);
ALTER TABLE ONLY "InspirationReport"
    ADD CONSTRAINT "InspirationReport_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"(id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY "OpportunityCard"
    ADD CONSTRAINT "OpportunityCard_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"(id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY "OpportunityCard"
    ADD CONSTRAINT "OpportunityCard_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"(id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY "Run"
    ADD CONSTRAINT "Run_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"(id) ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE ONLY "StageOutput"
    ADD CONSTRAINT "StageOutput_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"(id) ON UPDATE CASCADE ON DELETE CASCADE;
