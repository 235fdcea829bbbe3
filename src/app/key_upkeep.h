#pragma once

#include <cstdint>
#include <string>

#include "job/jobs.h"
#include "subject/audit/audit_log.h"
#include "subject/vault/vault.h"

namespace eunomia::app {

struct key_upkeep_options {
  std::int64_t epoch_days = 30;  // a new epoch begins so often; 0: only by command
  std::int64_t grace_days = 30;  // a retired epoch is destroyed so long after: as long as a backup can be opened
};

// Rolls the keys that wrap those of people, by jobs of the kind "roll-keys": on a schedule, and by command.
class key_upkeep {
 public:
  static constexpr std::string_view kind = "roll-keys";

  // Adds its kind of job: before jobs.start(). All must outlive it.
  key_upkeep(job::jobs& jobs, subject::vault& keys, subject::audit_log& audit, const key_upkeep_options& with);

  // Submits what is due. To be called now and then, after jobs.start(); the first time also what a kill interrupted.
  void look();

 private:
  bool due(std::int64_t now) const;

  job::jobs& jobs_;
  subject::vault& keys_;
  subject::audit_log& audit_;
  const key_upkeep_options with_;
  bool looked_ = false;
};

}  // namespace eunomia::app
