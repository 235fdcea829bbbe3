#include "subject/audit/certificate_checks.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/time.h"
#include "subject/audit/plain_text.h"

namespace eunomia::subject::certificate_checks {

namespace {

[[noreturn]] void refuse(std::string_view member, std::string_view what) {
  throw core::error(core::errc::invalid_argument, fmt::format("certificate: {} {}", member, what));
}

// optional: an empty text is one too.
void check_text(std::string_view member, std::string_view text, bool optional = false) {
  if (text.empty() && !optional) {
    refuse(member, "is empty");
  }
  if (text.size() > max_certificate_text_bytes) {
    refuse(member, fmt::format("has {} bytes, more than max_certificate_text_bytes = {}", text.size(),
                               max_certificate_text_bytes));
  }
  if (!is_plain_text(text)) {
    refuse(member, "is no UTF-8, or has control characters");
  }
}

std::int64_t check_time(std::string_view member, const std::string& text) {
  try {
    const std::int64_t ms = core::parse_iso8601(text);
    if (core::format_iso8601(ms) == text) {
      return ms;
    }
  } catch (const core::error&) {
    refuse(member, "is no time");
  }
  refuse(member, "is not written as format_iso8601 writes it");
}

void check_hex(std::string_view member, std::string_view text, std::size_t digits) {
  if (text.size() != digits || text.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    refuse(member, fmt::format("is not {} lower-case hexadecimal digits", digits));
  }
}

void check_request(const certified_request& request) {
  check_text("request.installation", request.installation);
  check_text("request.request", request.request);
  const std::int64_t requested = check_time("request.requested_at", request.requested_at);
  if (check_time("request.completed_at", request.completed_at) < requested) {
    refuse("request.completed_at", "is before request.requested_at");
  }
  check_time("request.deadline", request.deadline);
}

void check_level(const std::string& name, const certificate_step& step, certified_right right) {
  if (step.level.has_value() != (right == certified_right::erasure)) {
    refuse(name + ".level", "is given for every step of an erasure, and for no other right");
  }
  const bool converged = step.level == erasure_level::model_converged;
  if (step.distance_parts_per_billion.has_value() != converged) {
    refuse(name + ".distance_parts_per_billion", "is given for model_converged, and for nothing else");
  }
  const bool pending = step.level == erasure_level::model_updated || step.level == erasure_level::retrain_pending ||
                       step.level == erasure_level::pending_backup_expiry;
  if (step.until.has_value() != pending) {
    refuse(name + ".until",
           "is given for model_updated, retrain_pending and pending_backup_expiry, and for nothing else");
  }
  if (step.until) {
    check_time(name + ".until", *step.until);
  }
}

void check_step(const std::string& name, const certificate_step& step, certified_right right) {
  check_text(name + ".custodian", step.custodian);
  check_text(name + ".what", step.what);
  check_text(name + ".store", step.store);
  check_text(name + ".details", step.details, true);
  check_level(name, step, right);
}

}  // namespace

void check(const certificate& content) {
  if (content.format != certificate_format) {
    refuse("format", fmt::format("is not {}", certificate_format));
  }
  check_request(content.request);
  if (content.steps.size() > max_certificate_steps) {
    refuse("steps",
           fmt::format("are {}, more than max_certificate_steps = {}", content.steps.size(), max_certificate_steps));
  }
  for (std::size_t i = 0; i < content.steps.size(); ++i) {
    check_step(fmt::format("steps[{}]", i), content.steps[i], content.request.right);
  }
  check_text("verification.method", content.verification.method);
  check_hex("audit.log", content.audit.log, 2 * sizeof(core::digest128));
  check_hex("audit.hash", content.audit.hash, 2 * sizeof(core::digest256));
  if (content.audit.sequence < 1) {
    refuse("audit.sequence", "is below 1");
  }
  if (content.remarks.size() > max_certificate_remarks) {
    refuse("remarks", fmt::format("are {}, more than max_certificate_remarks = {}", content.remarks.size(),
                                  max_certificate_remarks));
  }
  for (std::size_t i = 0; i < content.remarks.size(); ++i) {
    check_text(fmt::format("remarks[{}]", i), content.remarks[i]);
  }
}

}  // namespace eunomia::subject::certificate_checks
