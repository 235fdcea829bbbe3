// The log of who did what to whose data, to be read in pages and verified by a job.
#include "wire/api/audit.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/time.h"
#include "subject/audit/certificate.h"
#include "wire/api/api.h"
#include "wire/api/jobs.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

core::json_value details_of(const std::string& text) {
  try {
    return core::parse_json(text);
  } catch (const core::error&) {
    return core::json_value::of_string(text);  // altered: shown as it is, and named by a verification
  }
}

}  // namespace

core::json_notes notes_of(const audit_question*) {
  return {
      {"after", {.text = "Entries behind this one: next_after of the page before", .least = 0}},
      {"limit", {.text = "Entries of a page", .least = 1, .most = subject::max_audit_page}},
      {"subject", {.text = "Only about this pseudonym, 32 hexadecimal digits", .longest = 32}},
      {"action", {.text = "Only this action, such as erasure.completed", .longest = subject::max_audit_action_bytes}}};
}

core::json_notes notes_of(const new_audit_verification*) {
  return {{"certificates",
           {.text = "Certificates whose entries must be in the log: each the text of a file, byte for byte",
            .longest = max_verified_certificates}}};
}

audit_page page_of(const subject::audit_log& log, const audit_question& asked) {
  subject::audit_filter wanted{.after = asked.after, .limit = asked.limit, .about = {}, .action = asked.action};
  if (!asked.subject.empty()) {
    wanted.about = subject::pseudonym::from_text(asked.subject);
  }
  const auto found = log.entries(wanted);
  audit_page page;
  page.entries.reserve(found.size());
  for (const subject::recorded_audit_entry& entry : found) {
    page.entries.push_back({entry.sequence, core::format_iso8601(entry.at_ms), entry.actor, entry.action,
                            entry.subject.empty() ? std::nullopt : std::optional(entry.subject),
                            details_of(entry.details), core::to_hex(entry.hash)});
  }
  if (found.size() == wanted.limit) {
    page.next_after = found.back().sequence;
  }
  return page;
}

audit_verification_order order_of(std::span<const std::string> certificates, std::span<const core::public_key> keys,
                                  const subject::audit_log& log) {
  if (certificates.size() > max_verified_certificates) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("certificates: {} of them, more than max_verified_certificates = {}; verify in parts",
                                  certificates.size(), max_verified_certificates));
  }
  audit_verification_order order;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    try {
      const auto genuine = subject::verify_certificate(certificates[i], keys);
      const subject::audit_anchor anchor = subject::anchor_of(genuine.content, log);
      order.anchors.push_back({anchor.at.sequence, core::to_hex(anchor.at.hash), anchor.source});
    } catch (const core::error& problem) {
      throw core::error(core::errc::invalid_argument, fmt::format("certificates[{}]: {}", i, problem.what()));
    }
  }
  return order;
}

audit_verification verify_audit(const subject::audit_log& log, const audit_verification_order& wanted,
                                std::span<const core::public_key> keys, core::job& job) {
  std::vector<subject::audit_anchor> anchors;
  anchors.reserve(wanted.anchors.size());
  for (const audit_anchor_row& row : wanted.anchors) {
    anchors.push_back({{row.sequence, core::digest256_from_hex(row.hash)}, row.source});
  }
  const subject::audit_report report = log.verify(keys, job, anchors);
  audit_verification done{.valid = true,
                          .log = report.log_id,
                          .entries = report.entries,
                          .hash = core::to_hex(report.hash),
                          .checkpoints = report.checkpoints,
                          .last_signed = report.last_signed,
                          .last_signed_at = {},
                          .unsigned_entries = report.unsigned_entries,
                          .certificates = anchors.size()};
  if (report.checkpoints > 0) {
    done.last_signed_at = core::format_iso8601(report.last_signed_at_ms);
  }
  return done;
}

void add_audit(route_table& table, const services& to) {
  const auto officer = http::access::roles(role::privacy_officer);
  table.query<audit_question, audit_page>(
      {method::get, "/api/v1/audit/entries", officer, "audit",
       "A page of the log of who did what to whose data, oldest first; people are pseudonyms"},
      [to](const audit_question& asked, const http::request&) { return page_of(to.audit, asked); });
  operation verifying{
      method::post,
      "/api/v1/audit/verifications",
      officer,
      "audit",
      "Whether the log is as it was recorded, from end to end, as a job; it fails naming the first place "
      "that is not",
      202};
  verifying.body_limit = subject::max_certificate_bytes;
  table.body<new_audit_verification, job_view>(
      verifying, [to](const new_audit_verification& wanted, const http::request&) {
        const audit_verification_order order = order_of(wanted.certificates, to.public_keys, to.audit);
        return view_of(to.jobs.submit(to.verify_audit_kind, "audit log", core::write_json(order)));
      });
}

}  // namespace eunomia::wire::api
