#include "recommend/recommender_definitions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/time.h"
#include "recommend/family.h"
#include "recommend/model_registry.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;

constexpr std::string_view recommender_columns =
    "name, dataset, family, parameters, every_hours, after_events, keep_versions, created_at, failed_at, failure, "
    "serve_newest";
constexpr double longest_hours = 24 * 366;

recommender_record record_of(const sql::row& r) {
  recommender_record record;
  record.name = r.text(0);
  record.dataset = r.text(1);
  record.what = {std::string(r.text(2)), std::string(r.text(3))};
  record.when = {r.real(4), r.uint64(5)};
  record.keep_versions = static_cast<std::uint32_t>(r.int64(6));
  record.created_at = r.int64(7);
  record.failed_at = r.int64(8);
  record.failure = r.text(9);
  record.serve_newest = r.int64(10) != 0;
  return record;
}

std::vector<recommender_record> select(sql::connection& in, std::string_view where,
                                       std::initializer_list<sql::argument> args = {}) {
  std::vector<recommender_record> found;
  in.each(fmt::format("SELECT {} FROM recommender {} ORDER BY name", recommender_columns, where), args,
          [&](const sql::row& r) { found.push_back(record_of(r)); });
  return found;
}

[[noreturn]] void refuse_unknown(sql::connection& in, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& other : select(in, "")) {
    known.push_back(other.name);
  }
  throw error(errc::not_found,
              fmt::format("there is no recommender \"{}\"; {}", name.substr(0, 64),
                          known.empty() ? "there is none yet" : fmt::format("there are {}", fmt::join(known, ", "))));
}

void insert_row(sql::transaction& in, const recommender_record& record) {
  in.execute(fmt::format("INSERT INTO recommender ({}) VALUES (:name, :dataset, :family, :parameters, :every_hours, "
                         ":after_events, :keep_versions, :created_at, :failed_at, :failure, :serve_newest)",
                         recommender_columns),
             {{"name", record.name},
              {"dataset", record.dataset},
              {"family", record.what.family},
              {"parameters", record.what.parameters},
              {"every_hours", record.when.every_hours},
              {"after_events", record.when.after_events},
              {"keep_versions", std::int64_t{record.keep_versions}},
              {"created_at", record.created_at},
              {"failed_at", record.failed_at},
              {"failure", record.failure},
              {"serve_newest", std::int64_t{record.serve_newest}}});
}

}  // namespace

void check_definition(recommender_record& wanted) {
  check_name("recommender", wanted.name);
  if (wanted.what.family == "auto") {
    if (wanted.what.parameters != "{}") {
      throw error(errc::invalid_argument, "parameters go with a named family, not with auto");
    }
  } else {
    family_named(wanted.what.family).complete(wanted.what.parameters);
  }
  if (!(wanted.when.every_hours >= 0 && wanted.when.every_hours <= longest_hours)) {
    throw error(errc::invalid_argument,
                fmt::format("every_hours must be 0 (never) to {}, got {}", longest_hours, wanted.when.every_hours));
  }
  if (wanted.keep_versions < 1 || wanted.keep_versions > max_kept_versions) {
    throw error(errc::invalid_argument, fmt::format("keep_versions must be 1 to max_kept_versions = {}, got {}",
                                                    max_kept_versions, wanted.keep_versions));
  }
}

void insert_definition(sql::transaction& in, const recommender_record& record) {
  if (!select(in, "WHERE name = :name", {{"name", record.name}}).empty()) {
    throw error(errc::already_exists, "recommender \"" + record.name + "\" exists already");
  }
  insert_row(in, record);
}

recommender_record update_definition(sql::transaction& in, const recommender_record& wanted) {
  recommender_record changed = find_definition(in, wanted.name);
  if (changed.dataset != wanted.dataset) {
    throw error(errc::failed_precondition,
                fmt::format("recommender \"{}\" learns from dataset \"{}\"; make another one for dataset \"{}\"",
                            changed.name, changed.dataset, wanted.dataset));
  }
  changed.what = wanted.what;
  changed.when = wanted.when;
  changed.keep_versions = wanted.keep_versions;
  changed.serve_newest = wanted.serve_newest;
  delete_definition(in, changed.name);
  insert_row(in, changed);
  return changed;
}

void delete_definition(sql::transaction& in, std::string_view name) {
  in.execute("DELETE FROM recommender WHERE name = :name", {{"name", name}});
}

void keep_training_failure(sql::transaction& in, std::string_view name, std::string_view why) {
  in.execute("UPDATE recommender SET failed_at = :now, failure = :why WHERE name = :name",
             {{"now", why.empty() ? 0 : core::now_ms()}, {"why", why}, {"name", name}});
}

recommender_record find_definition(sql::connection& in, std::string_view name) {
  auto found = select(in, "WHERE name = :name", {{"name", name}});
  if (found.empty()) {
    refuse_unknown(in, name);
  }
  return std::move(found.front());
}

std::vector<recommender_record> list_definitions(sql::connection& in) {
  return select(in, "");
}

}  // namespace eunomia::recommend
