// Profiles that rest in the clear, because a version wrote them that did not seal, are sealed when the datasets are
// opened.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/job.h"
#include "core/log.h"
#include "core/thread_pool.h"
#include "recommend/dataset.h"
#include "recommend/dataset_tables.h"

namespace eunomia::recommend {

namespace sql = store::sql;
namespace table = store::table;

namespace {

// What is declared of people, of their table.
std::vector<table::column> declared(const table::table_description& profiles) {
  const std::size_t fixed = fixed_columns(data_kind::users).size();
  return {profiles.columns.begin() + static_cast<std::ptrdiff_t>(fixed), profiles.columns.end()};
}

}  // namespace

void datasets::seal_profiles() {
  std::vector<std::string> profiles;
  sql_.read([&](sql::connection& in) {
    in.each("SELECT id FROM dataset ORDER BY id", {},
            [&](const sql::row& r) { profiles.push_back(table_name_of(r.int64(0), data_kind::users)); });
  });
  std::erase_if(profiles, [&](const std::string& name) {
    return std::ranges::all_of(declared(tables_.describe(name)), &table::column::sealed);
  });
  if (profiles.empty()) {
    return;
  }
  core::thread_pool pool;
  core::job job;
  for (const std::string& name : profiles) {
    const std::vector<table::column> columns = declared(tables_.describe(name));
    std::vector<std::string_view> names(columns.size());
    std::ranges::transform(columns, names.begin(), [](const table::column& c) -> std::string_view { return c.name; });
    tables_.seal(name, names, pool, job);
  }
  core::log::info("profiles that rested in the clear were sealed", {{"datasets", profiles.size()}});
}

}  // namespace eunomia::recommend
