// What the data of a dataset may be used for. The list is kept with its tables; what was added to what it was collected
// for is in dataset_purpose, with the decision that allows it.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/time.h"
#include "recommend/dataset.h"

namespace eunomia::recommend {

using core::errc;
using core::error;
namespace sql = store::sql;

void datasets::check_purposes(const dataset_description& wanted) const {
  if (wanted.purposes.empty()) {
    throw error(errc::invalid_argument,
                fmt::format("dataset \"{}\": name at least one purpose that it may be read for", wanted.name));
  }
  for (const core::purpose& why : wanted.purposes) {
    if (why == core::purpose::rights_of_the_data_subject()) {
      throw error(errc::invalid_argument,
                  fmt::format("dataset \"{}\": \"{}\" is no purpose to collect for; every dataset has it unsaid",
                              wanted.name, why.name()));
    }
    purposes_.admission_for(why);
  }
}

std::vector<core::subject_handle> datasets::people_who_refuse(const core::purpose& why) const {
  return purposes_.people_who_refuse(why);
}

std::shared_ptr<const core::admission> dataset::admission_for(const core::purpose& why) const {
  const auto& listed = description_.purposes;
  if (why != core::purpose::rights_of_the_data_subject() &&
      std::find(listed.begin(), listed.end(), why) == listed.end()) {
    throw error(errc::permission_denied,
                fmt::format("dataset \"{}\" may not be read for the purpose \"{}\"", description_.name, why.name()));
  }
  return owner_->purposes_.admission_for(why);
}

void dataset::add_purpose(const core::purpose& added, const also_added& also) {
  owner_->purposes_.find(added.name());
  std::vector<core::purpose> listed = owner_->tables_.describe(table_name(data_kind::interactions)).purposes;
  if (std::find(listed.begin(), listed.end(), added) == listed.end()) {
    std::vector<core::purpose> collected_for = listed;
    owner_->sql_.read([&](sql::connection& in) {
      in.each("SELECT purpose FROM dataset_purpose WHERE dataset_id = :id", {{"id", id_}},
              [&](const sql::row& r) { std::erase(collected_for, core::purpose(std::string(r.text(0)))); });
    });
    const std::int64_t decision = owner_->purposes_.check_compatible(collected_for, added);
    owner_->sql_.write([&](sql::transaction& in) {
      for (const data_kind kind : {data_kind::interactions, data_kind::users}) {
        owner_->tables_.add_purpose(in, table_name(kind), added);
      }
      const std::uint64_t inserted = in.execute(
          "INSERT INTO dataset_purpose (dataset_id, purpose, decision_id, added_at)"
          " VALUES (:id, :purpose, :decision, :now) ON CONFLICT (dataset_id, purpose) DO NOTHING",
          {{"id", id_}, {"purpose", added.name()}, {"decision", decision}, {"now", core::now_ms()}});
      if (also && inserted > 0) {
        also(in, decision);
      }
    });
    listed.push_back(added);
    std::sort(listed.begin(), listed.end());
  }
  description_.purposes = std::move(listed);
}

}  // namespace eunomia::recommend
