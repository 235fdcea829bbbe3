#include "recommend/on_record.h"

#include <boost/describe.hpp>
#include <cstdint>
#include <string>

#include "core/json.h"

namespace eunomia::recommend {

namespace {

struct allowed_details {
  std::string dataset;
  std::string purpose;
  std::int64_t decision = 0;
};
BOOST_DESCRIBE_STRUCT(allowed_details, (), (dataset, purpose, decision))

}  // namespace

void allow_on_record(dataset& in, subject::audit_log& log, const core::purpose& added, const subject::actor& by) {
  in.add_purpose(added, [&](store::sql::transaction& to, std::int64_t decision) {
    const allowed_details details{in.description().name, added.name(), decision};
    log.append(to, subject::audit_entry{by, "purpose.allowed", std::nullopt, core::write_json(details)});
  });
}

}  // namespace eunomia::recommend
