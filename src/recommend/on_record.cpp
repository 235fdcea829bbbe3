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

struct export_details {
  std::string recommender;
  std::int64_t version = 0;
  std::string family;
  std::string recipient;
  std::string purpose;
};
BOOST_DESCRIBE_STRUCT(export_details, (), (recommender, version, family, recipient, purpose))

struct import_details {
  std::string recommender;
  std::int64_t version = 0;
  std::string origin;
};
BOOST_DESCRIBE_STRUCT(import_details, (), (recommender, version, origin))

}  // namespace

void allow_on_record(dataset& in, subject::audit_log& log, const core::purpose& added, const subject::actor& by) {
  in.add_purpose(added, [&](store::sql::transaction& to, std::int64_t decision) {
    const allowed_details details{in.description().name, added.name(), decision};
    log.append(to, subject::audit_entry{by, "purpose.allowed", std::nullopt, core::write_json(details)});
  });
}

model_record export_on_record(recommenders& of, subject::audit_log& log, std::string_view name, std::int64_t version,
                              const model_disclosure& to, const std::filesystem::path& file, const subject::actor& by) {
  return of.export_version(name, version, to, file, [&](store::sql::transaction& in, const model_record& left) {
    const export_details details{left.name, left.version, left.family, to.recipient, to.purpose};
    log.append(in, subject::audit_entry{by, "model.exported", std::nullopt, core::write_json(details)});
  });
}

model_record import_on_record(recommenders& of, subject::audit_log& log, std::string_view name,
                              const std::filesystem::path& file, std::string_view origin, const subject::actor& by,
                              const training_context& context) {
  return of.import_version(name, file, origin, context, [&](store::sql::transaction& in, const model_record& came) {
    const import_details details{came.name, came.version, std::string(origin)};
    log.append(in, subject::audit_entry{by, "model.imported", std::nullopt, core::write_json(details)});
  });
}

}  // namespace eunomia::recommend
