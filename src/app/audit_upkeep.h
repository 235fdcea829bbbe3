#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "core/sign.h"
#include "job/jobs.h"
#include "subject/audit/audit_log.h"
#include "subject/vault/vault.h"

namespace eunomia::app {

struct audit_upkeep_options {
  double sign_every_minutes = 10;  // the newest entry is signed so often, when there is one; 0: never by itself
};

// Signs the head of the audit log on a schedule, and verifies the log by jobs of the kind "verify-audit": in a lane of
// their own, as a long log takes long to read.
class audit_upkeep {
 public:
  static constexpr std::string_view kind = "verify-audit";

  // Adds its kind of job: before jobs.start(). All must outlive it. keys: those that checkpoints may be signed with.
  audit_upkeep(job::jobs& jobs, subject::audit_log& log, const subject::vault& signing,
               std::vector<core::public_key> keys, const audit_upkeep_options& with);

  // Signs when it is due: at the first look, then once in so many minutes. What stands in the way, a log that was
  // altered say, is logged. To be called now and then, by one thread.
  void look() noexcept;
  // Signs now, unless it is never to sign by itself: before the process ends. After the last look.
  void sign() noexcept;

  const std::vector<core::public_key>& keys() const { return keys_; }

 private:
  subject::audit_log& log_;
  const subject::vault& signing_;
  const std::vector<core::public_key> keys_;
  const std::chrono::milliseconds interval_;  // 0: never
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now();
};

}  // namespace eunomia::app
