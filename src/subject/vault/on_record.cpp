#include "subject/vault/on_record.h"

#include <boost/describe.hpp>
#include <optional>
#include <span>

#include "core/json.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

struct rolled_details {
  std::int64_t epoch = 0;
};
BOOST_DESCRIBE_STRUCT(rolled_details, (), (epoch))

struct destroyed_details {
  std::uint64_t epochs = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
};
BOOST_DESCRIBE_STRUCT(destroyed_details, (), (epochs, first, last))

}  // namespace

rolled_keys roll_on_record(vault& keys, audit_log& log, const roll_order& wanted, const actor& by, core::job& job) {
  const roll_notes also{
      .began =
          [&](sql::transaction& in, std::int64_t epoch) {
            log.append(in, audit_entry{by, "keys.rolled", std::nullopt, core::write_json(rolled_details{epoch})});
          },
      .destroyed =
          [&](sql::transaction& in, std::span<const std::int64_t> epochs) {
            const destroyed_details details{epochs.size(), epochs.front(), epochs.back()};
            log.append(in, audit_entry{by, "keys.destroyed", std::nullopt, core::write_json(details)});
          }};
  return wanted.begin_epoch ? keys.roll(wanted.now_ms, wanted.grace_ms, job, also)
                            : keys.finish_rolling(wanted.now_ms, wanted.grace_ms, job, also);
}

void reseal_on_record(vault& keys, sql::database& in, audit_log& log, const core::secret_key& master, const actor& by) {
  keys.keys().reseal(master);
  in.write([&](sql::transaction& to) { log.append(to, audit_entry{by, "keys.resealed"}); });
}

}  // namespace eunomia::subject
