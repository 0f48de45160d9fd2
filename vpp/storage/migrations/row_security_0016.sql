CREATE FUNCTION vpp_make_telemetry_month(month timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text := 'telemetry_pieces_' || to_char(month AT TIME ZONE 'UTC', 'YYYYMM'); BEGIN
IF month <> date_trunc('month', month, 'UTC') THEN
RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = month || ' is not the start of a month UTC';
END IF;
EXECUTE format('CREATE TABLE %I (LIKE telemetry_pieces INCLUDING ALL)', name);
EXECUTE format('ALTER TABLE telemetry_pieces ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, month, (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
END $$

CREATE FUNCTION vpp_drop_telemetry_month(month timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE name text := 'telemetry_pieces_' || to_char(month AT TIME ZONE 'UTC', 'YYYYMM'); BEGIN
IF month <> date_trunc('month', month, 'UTC') THEN
RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = month || ' is not the start of a month UTC';
END IF;
EXECUTE format('DROP TABLE %I', name);
END $$

DO $$ BEGIN
IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vpp_tenant') THEN
BEGIN CREATE ROLE vpp_tenant NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
WHEN insufficient_privilege THEN RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = format('user %s may not make role vpp_tenant: let an administrator of the server run CREATE ROLE vpp_tenant NOLOGIN; GRANT vpp_tenant TO %I', current_user, current_user);
END;
END IF;
BEGIN EXECUTE format('GRANT vpp_tenant TO %I', current_user);
EXCEPTION WHEN insufficient_privilege THEN NULL; END;
END $$

ALTER TABLE products ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON products FOR SELECT TO vpp_tenant USING (TRUE)

CREATE POLICY vpp_tenant_insert ON products FOR INSERT TO vpp_tenant WITH CHECK ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

ALTER TABLE parties ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON parties FOR SELECT TO vpp_tenant USING (parties.party_id = (SELECT current_setting('vpp.party', TRUE)) OR parties.kind <> 'site_owner')

ALTER TABLE probes ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON probes FOR SELECT TO vpp_tenant USING (FALSE)

ALTER TABLE auctions ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON auctions FOR SELECT TO vpp_tenant USING (auctions.zone IN (SELECT own_site.zone FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE events ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON events FOR SELECT TO vpp_tenant USING (events.zone IN (SELECT own_site.zone FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE clearings ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON clearings FOR SELECT TO vpp_tenant USING (clearings.event_id IN (SELECT own_event.event_id FROM events AS own_event WHERE own_event.zone IN (SELECT own_site.zone FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))))

ALTER TABLE sites ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON sites FOR SELECT TO vpp_tenant USING (sites.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR sites.site_id = (SELECT current_setting('vpp.site', TRUE))))

CREATE POLICY vpp_tenant_insert ON sites FOR INSERT TO vpp_tenant WITH CHECK (sites.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR sites.site_id = (SELECT current_setting('vpp.site', TRUE))))

CREATE POLICY vpp_tenant_update ON sites FOR UPDATE TO vpp_tenant USING (sites.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR sites.site_id = (SELECT current_setting('vpp.site', TRUE)))) WITH CHECK (sites.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR sites.site_id = (SELECT current_setting('vpp.site', TRUE))))

ALTER TABLE resources ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON resources FOR SELECT TO vpp_tenant USING (resources.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON resources FOR INSERT TO vpp_tenant WITH CHECK (resources.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON resources FOR UPDATE TO vpp_tenant USING (resources.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (resources.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE enrolments ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON enrolments FOR SELECT TO vpp_tenant USING (enrolments.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON enrolments FOR INSERT TO vpp_tenant WITH CHECK (enrolments.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON enrolments FOR UPDATE TO vpp_tenant USING (enrolments.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (enrolments.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE bids ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON bids FOR SELECT TO vpp_tenant USING (bids.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON bids FOR INSERT TO vpp_tenant WITH CHECK (bids.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON bids FOR UPDATE TO vpp_tenant USING (bids.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (bids.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE awards ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON awards FOR SELECT TO vpp_tenant USING (awards.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE instructions ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON instructions FOR SELECT TO vpp_tenant USING (instructions.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE baselines ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON baselines FOR SELECT TO vpp_tenant USING (baselines.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE rule_choices ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON rule_choices FOR SELECT TO vpp_tenant USING (rule_choices.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE meter_edits ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON meter_edits FOR SELECT TO vpp_tenant USING (meter_edits.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE site_scores ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON site_scores FOR SELECT TO vpp_tenant USING (site_scores.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE load_forecasts ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON load_forecasts FOR SELECT TO vpp_tenant USING (load_forecasts.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON load_forecasts FOR INSERT TO vpp_tenant WITH CHECK (load_forecasts.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE forecast_errors ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON forecast_errors FOR SELECT TO vpp_tenant USING (forecast_errors.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE site_plans ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON site_plans FOR SELECT TO vpp_tenant USING (site_plans.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON site_plans FOR INSERT TO vpp_tenant WITH CHECK (site_plans.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE telemetry_pieces ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON telemetry_pieces FOR SELECT TO vpp_tenant USING (telemetry_pieces.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON telemetry_pieces FOR INSERT TO vpp_tenant WITH CHECK (telemetry_pieces.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE telemetry_held ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON telemetry_held FOR SELECT TO vpp_tenant USING (telemetry_held.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON telemetry_held FOR INSERT TO vpp_tenant WITH CHECK (telemetry_held.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON telemetry_held FOR UPDATE TO vpp_tenant USING (telemetry_held.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (telemetry_held.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_delete ON telemetry_held FOR DELETE TO vpp_tenant USING (telemetry_held.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE telemetry_late ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON telemetry_late FOR SELECT TO vpp_tenant USING (telemetry_late.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON telemetry_late FOR INSERT TO vpp_tenant WITH CHECK (telemetry_late.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON telemetry_late FOR UPDATE TO vpp_tenant USING (telemetry_late.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (telemetry_late.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_delete ON telemetry_late FOR DELETE TO vpp_tenant USING (telemetry_late.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE telemetry_roll_ups ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON telemetry_roll_ups FOR SELECT TO vpp_tenant USING ((telemetry_roll_ups.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) OR (SELECT current_setting('vpp.unit', TRUE)) = 'write')

CREATE POLICY vpp_tenant_insert ON telemetry_roll_ups FOR INSERT TO vpp_tenant WITH CHECK (telemetry_roll_ups.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON telemetry_roll_ups FOR UPDATE TO vpp_tenant USING (telemetry_roll_ups.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (telemetry_roll_ups.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_delete ON telemetry_roll_ups FOR DELETE TO vpp_tenant USING (telemetry_roll_ups.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE revenue_imports ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON revenue_imports FOR SELECT TO vpp_tenant USING (revenue_imports.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE revenue_readings ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON revenue_readings FOR SELECT TO vpp_tenant USING (revenue_readings.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE settlement_evidence ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON settlement_evidence FOR SELECT TO vpp_tenant USING (settlement_evidence.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON outbox FOR SELECT TO vpp_tenant USING (outbox.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_insert ON outbox FOR INSERT TO vpp_tenant WITH CHECK (outbox.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON outbox FOR UPDATE TO vpp_tenant USING (outbox.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (outbox.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE outbox_counters ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON outbox_counters FOR SELECT TO vpp_tenant USING ((outbox_counters.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) OR (SELECT current_setting('vpp.unit', TRUE)) = 'write')

CREATE POLICY vpp_tenant_insert ON outbox_counters FOR INSERT TO vpp_tenant WITH CHECK (outbox_counters.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

CREATE POLICY vpp_tenant_update ON outbox_counters FOR UPDATE TO vpp_tenant USING (outbox_counters.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE))))) WITH CHECK (outbox_counters.site_id IN (SELECT own_site.site_id FROM sites AS own_site WHERE own_site.party_id = (SELECT current_setting('vpp.party', TRUE)) AND ((SELECT current_setting('vpp.site', TRUE)) = '' OR own_site.site_id = (SELECT current_setting('vpp.site', TRUE)))))

ALTER TABLE statements ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON statements FOR SELECT TO vpp_tenant USING (statements.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

ALTER TABLE statement_files ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON statement_files FOR SELECT TO vpp_tenant USING (statement_files.statement_id IN (SELECT own_statement.statement_id FROM statements AS own_statement WHERE own_statement.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = ''))

ALTER TABLE settlement_runs ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON settlement_runs FOR SELECT TO vpp_tenant USING (settlement_runs.run_id IN (SELECT own_statement.run_id FROM statements AS own_statement WHERE own_statement.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = ''))

ALTER TABLE disputes ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON disputes FOR SELECT TO vpp_tenant USING (disputes.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

CREATE POLICY vpp_tenant_insert ON disputes FOR INSERT TO vpp_tenant WITH CHECK (disputes.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

CREATE POLICY vpp_tenant_update ON disputes FOR UPDATE TO vpp_tenant USING (disputes.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '') WITH CHECK (disputes.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

ALTER TABLE adjustments ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON adjustments FOR SELECT TO vpp_tenant USING ((adjustments.payer_party_id = (SELECT current_setting('vpp.party', TRUE)) OR adjustments.payee_party_id = (SELECT current_setting('vpp.party', TRUE))) AND (SELECT current_setting('vpp.site', TRUE)) = '')

ALTER TABLE green_certificates ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON green_certificates FOR SELECT TO vpp_tenant USING (green_certificates.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

CREATE POLICY vpp_tenant_insert ON green_certificates FOR INSERT TO vpp_tenant WITH CHECK (green_certificates.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

CREATE POLICY vpp_tenant_update ON green_certificates FOR UPDATE TO vpp_tenant USING (green_certificates.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '') WITH CHECK (green_certificates.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

ALTER TABLE ledger_accounts ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON ledger_accounts FOR SELECT TO vpp_tenant USING (ledger_accounts.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '')

ALTER TABLE ledger_entries ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON ledger_entries FOR SELECT TO vpp_tenant USING (ledger_entries.payer_number IN (SELECT own_account.account_number FROM ledger_accounts AS own_account WHERE own_account.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '') OR ledger_entries.payee_number IN (SELECT own_account.account_number FROM ledger_accounts AS own_account WHERE own_account.party_id = (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = ''))

ALTER TABLE rule_corrections ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON rule_corrections FOR SELECT TO vpp_tenant USING (FALSE)

ALTER TABLE clearing_inputs ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON clearing_inputs FOR SELECT TO vpp_tenant USING (FALSE)

ALTER TABLE aggregate_baselines ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON aggregate_baselines FOR SELECT TO vpp_tenant USING (FALSE)

ALTER TABLE tracking_ticks ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON tracking_ticks FOR SELECT TO vpp_tenant USING (FALSE)

ALTER TABLE restorations ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON restorations FOR SELECT TO vpp_tenant USING (FALSE)

ALTER TABLE requests ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON requests FOR SELECT TO vpp_tenant USING ((FALSE) OR (SELECT current_setting('vpp.unit', TRUE)) = 'write')

CREATE POLICY vpp_tenant_insert ON requests FOR INSERT TO vpp_tenant WITH CHECK (TRUE)

CREATE POLICY vpp_tenant_update ON requests FOR UPDATE TO vpp_tenant USING (TRUE) WITH CHECK (TRUE)

ALTER TABLE deadlines ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON deadlines FOR SELECT TO vpp_tenant USING ((FALSE) OR (SELECT current_setting('vpp.unit', TRUE)) = 'write')

CREATE POLICY vpp_tenant_insert ON deadlines FOR INSERT TO vpp_tenant WITH CHECK (TRUE)

CREATE POLICY vpp_tenant_update ON deadlines FOR UPDATE TO vpp_tenant USING (TRUE) WITH CHECK (TRUE)

ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON audit_entries FOR SELECT TO vpp_tenant USING ((audit_entries.chain = 'parties/' || (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '') OR (SELECT current_setting('vpp.unit', TRUE)) = 'write')

CREATE POLICY vpp_tenant_insert ON audit_entries FOR INSERT TO vpp_tenant WITH CHECK (TRUE)

ALTER TABLE audit_heads ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON audit_heads FOR SELECT TO vpp_tenant USING ((audit_heads.chain = 'parties/' || (SELECT current_setting('vpp.party', TRUE)) AND (SELECT current_setting('vpp.site', TRUE)) = '') OR (SELECT current_setting('vpp.unit', TRUE)) = 'write')

CREATE POLICY vpp_tenant_insert ON audit_heads FOR INSERT TO vpp_tenant WITH CHECK (TRUE)

CREATE POLICY vpp_tenant_update ON audit_heads FOR UPDATE TO vpp_tenant USING (TRUE) WITH CHECK (TRUE)

ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON audit_checkpoints FOR SELECT TO vpp_tenant USING ((audit_checkpoints.chain = 'parties/' || (SELECT current_setting('vpp.party', TRUE))) OR (SELECT current_setting('vpp.unit', TRUE)) = 'write')

CREATE POLICY vpp_tenant_insert ON audit_checkpoints FOR INSERT TO vpp_tenant WITH CHECK (TRUE)

ALTER TABLE principal_standings ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON principal_standings FOR SELECT TO vpp_tenant USING ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

CREATE POLICY vpp_tenant_insert ON principal_standings FOR INSERT TO vpp_tenant WITH CHECK ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

CREATE POLICY vpp_tenant_update ON principal_standings FOR UPDATE TO vpp_tenant USING ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator') WITH CHECK ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

ALTER TABLE revoked_certificates ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON revoked_certificates FOR SELECT TO vpp_tenant USING ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

CREATE POLICY vpp_tenant_insert ON revoked_certificates FOR INSERT TO vpp_tenant WITH CHECK ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

CREATE POLICY vpp_tenant_update ON revoked_certificates FOR UPDATE TO vpp_tenant USING ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator') WITH CHECK ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

ALTER TABLE product_changes ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON product_changes FOR SELECT TO vpp_tenant USING ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

CREATE POLICY vpp_tenant_insert ON product_changes FOR INSERT TO vpp_tenant WITH CHECK ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

CREATE POLICY vpp_tenant_update ON product_changes FOR UPDATE TO vpp_tenant USING ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator') WITH CHECK ((SELECT current_setting('vpp.kind', TRUE)) = 'administrator')

ALTER TABLE sealing_keys ENABLE ROW LEVEL SECURITY

CREATE POLICY vpp_tenant_select ON sealing_keys FOR SELECT TO vpp_tenant USING (FALSE)

GRANT SELECT, INSERT ON products TO vpp_tenant

GRANT SELECT ON parties TO vpp_tenant

GRANT SELECT ON probes TO vpp_tenant

GRANT SELECT ON auctions TO vpp_tenant

GRANT SELECT ON events TO vpp_tenant

GRANT SELECT ON clearings TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON sites TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON resources TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON enrolments TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON bids TO vpp_tenant

GRANT SELECT ON awards TO vpp_tenant

GRANT SELECT ON instructions TO vpp_tenant

GRANT SELECT ON baselines TO vpp_tenant

GRANT SELECT ON rule_choices TO vpp_tenant

GRANT SELECT ON meter_edits TO vpp_tenant

GRANT SELECT ON site_scores TO vpp_tenant

GRANT SELECT, INSERT ON load_forecasts TO vpp_tenant

GRANT SELECT ON forecast_errors TO vpp_tenant

GRANT SELECT, INSERT ON site_plans TO vpp_tenant

GRANT SELECT, INSERT ON telemetry_pieces TO vpp_tenant

GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry_held TO vpp_tenant

GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry_late TO vpp_tenant

GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry_roll_ups TO vpp_tenant

GRANT SELECT ON revenue_imports TO vpp_tenant

GRANT SELECT ON revenue_readings TO vpp_tenant

GRANT SELECT ON settlement_evidence TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON outbox TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON outbox_counters TO vpp_tenant

GRANT SELECT ON statements TO vpp_tenant

GRANT SELECT ON statement_files TO vpp_tenant

GRANT SELECT ON settlement_runs TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON disputes TO vpp_tenant

GRANT SELECT ON adjustments TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON green_certificates TO vpp_tenant

GRANT SELECT ON ledger_accounts TO vpp_tenant

GRANT SELECT ON ledger_entries TO vpp_tenant

GRANT SELECT ON rule_corrections TO vpp_tenant

GRANT SELECT ON clearing_inputs TO vpp_tenant

GRANT SELECT ON aggregate_baselines TO vpp_tenant

GRANT SELECT ON tracking_ticks TO vpp_tenant

GRANT SELECT ON restorations TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON requests TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON deadlines TO vpp_tenant

GRANT SELECT, INSERT ON audit_entries TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON audit_heads TO vpp_tenant

GRANT SELECT, INSERT ON audit_checkpoints TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON principal_standings TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON revoked_certificates TO vpp_tenant

GRANT SELECT, INSERT, UPDATE ON product_changes TO vpp_tenant

GRANT SELECT ON sealing_keys TO vpp_tenant

GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO vpp_tenant

REVOKE EXECUTE ON FUNCTION vpp_drop_telemetry_month(timestamptz) FROM PUBLIC
