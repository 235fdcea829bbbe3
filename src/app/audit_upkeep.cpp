#include "app/audit_upkeep.h"

#include <cstdint>
#include <exception>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "wire/api/audit.h"

namespace eunomia::app {

namespace {

constexpr double ms_per_minute = 60'000;

}  // namespace

audit_upkeep::audit_upkeep(job::jobs& jobs, subject::audit_log& log, const subject::vault& signing,
                           std::vector<core::public_key> keys, const audit_upkeep_options& with)
    : log_(log),
      signing_(signing),
      keys_(std::move(keys)),
      interval_(static_cast<std::int64_t>(with.sign_every_minutes * ms_per_minute)) {
  jobs.add_kind(std::string(kind), "audit", [this](const job::record& what, core::job& job) {
    const auto wanted = core::read_json<wire::api::audit_verification_order>(what.arguments);
    return core::write_json(wire::api::verify_audit(log_, wanted, keys_, job));
  });
}

void audit_upkeep::look() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (next_ <= now) {
    next_ = now + interval_;
    sign();
  }
}

void audit_upkeep::sign() noexcept {
  if (interval_.count() == 0) {
    return;
  }
  try {
    log_.sign_head(core::signing_key(signing_.keys().signing_seed()));
  } catch (const std::exception& problem) {
    core::log::error("the head of the audit log could not be signed", {{"why", core::kept_message_of(problem)}});
  }
}

}  // namespace eunomia::app
