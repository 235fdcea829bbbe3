#include "app/key_upkeep.h"

#include <algorithm>

#include "core/json.h"
#include "core/time.h"
#include "subject/vault/on_record.h"
#include "wire/api/keys.h"

namespace eunomia::app {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

}  // namespace

key_upkeep::key_upkeep(job::jobs& jobs, subject::vault& keys, subject::audit_log& audit, const key_upkeep_options& with)
    : jobs_(jobs), keys_(keys), audit_(audit), with_(with) {
  jobs_.add_kind(std::string(kind), "keys", [this](const job::record& what, core::job& job) {
    const auto wanted = core::read_json<wire::api::key_roll_order>(what.arguments);
    const auto by = wanted.token ? subject::actor::token(*wanted.token) : subject::actor::system();
    // An attempt after a kill ends the roll that the one before began.
    const subject::roll_order order{.begin_epoch = wanted.begin_epoch && what.attempts <= 1,
                                    .now_ms = core::now_ms(),
                                    .grace_ms = wanted.destroy_now ? 0 : with_.grace_days * day_ms};
    return core::write_json(subject::roll_on_record(keys_, audit_, order, by, job));
  });
}

void key_upkeep::look() {
  const std::int64_t now = core::now_ms();
  const bool new_epoch = with_.epoch_days > 0 && keys_.keys().newest().began_at + with_.epoch_days * day_ms <= now;
  if ((new_epoch || due(now)) && jobs_.unfinished(kind).empty()) {
    jobs_.submit(kind, "keys", core::write_json(wire::api::key_roll_order{{new_epoch, false}, {}}));
  }
  looked_ = true;
}

bool key_upkeep::due(std::int64_t now) const {
  return std::ranges::any_of(keys_.keys().epochs(), [&](const subject::key_epoch& epoch) {
    return epoch.retired_at != 0 && epoch.destroyed_at == 0 &&
           (!looked_ || epoch.retired_at + with_.grace_days * day_ms <= now);
  });
}

}  // namespace eunomia::app
