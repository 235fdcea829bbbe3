#include "recommend/deployments.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;

std::vector<deployment_record> select(sql::connection& in, std::string_view where,
                                      std::initializer_list<sql::argument> args = {}) {
  std::vector<deployment_record> found;
  in.each(fmt::format("SELECT recommender, name, version, created_at, updated_at FROM recommender_deployment {} "
                      "ORDER BY recommender, name",
                      where),
          args, [&](const sql::row& r) {
            found.push_back({std::string(r.text(0)), std::string(r.text(1)), r.int64(2), r.int64(3), r.int64(4)});
          });
  return found;
}

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

void check_deployment_name(std::string_view name) {
  if (name.empty() || name.size() > max_deployment_name_length || !std::ranges::all_of(name, is_of_a_name)) {
    throw error(errc::invalid_argument,
                fmt::format("deployment \"{}\": a name is 1 to {} of a-z, A-Z, 0-9, '_' and '-'",
                            name.substr(0, max_deployment_name_length), max_deployment_name_length));
  }
}

deployment_record put_deployment(sql::transaction& in, std::string_view recommender, std::string_view name,
                                 std::int64_t version) {
  check_deployment_name(name);
  const std::int64_t now = core::now_ms();
  const auto there = deployments_of(in, recommender);
  const auto before = std::ranges::find(there, name, &deployment_record::name);
  if (before == there.end()) {
    if (there.size() >= max_deployments) {
      throw error(errc::resource_exhausted,
                  fmt::format("recommender \"{}\" has max_deployments = {} already; withdraw one first", recommender,
                              max_deployments));
    }
    in.execute(
        "INSERT INTO recommender_deployment (recommender, name, version, created_at, updated_at) VALUES (:recommender, "
        ":name, :version, :created_at, :updated_at)",
        {{"recommender", recommender}, {"name", name}, {"version", version}, {"created_at", now}, {"updated_at", now}});
    return {std::string(recommender), std::string(name), version, now, now};
  }
  in.execute(
      "UPDATE recommender_deployment SET version = :version, updated_at = :now WHERE recommender = :recommender AND "
      "name "
      "= :name",
      {{"version", version}, {"now", now}, {"recommender", recommender}, {"name", name}});
  return {before->recommender, before->name, version, before->created_at, now};
}

void delete_deployment(sql::transaction& in, std::string_view recommender, std::string_view name) {
  find_deployment(in, recommender, name);
  in.execute("DELETE FROM recommender_deployment WHERE recommender = :recommender AND name = :name",
             {{"recommender", recommender}, {"name", name}});
}

void delete_deployments(sql::transaction& in, std::string_view recommender) {
  in.execute("DELETE FROM recommender_deployment WHERE recommender = :recommender", {{"recommender", recommender}});
}

std::vector<deployment_record> deployments_of(sql::connection& in, std::string_view recommender) {
  return select(in, "WHERE recommender = :recommender", {{"recommender", recommender}});
}

deployment_record find_deployment(sql::connection& in, std::string_view recommender, std::string_view name) {
  std::string known;
  for (deployment_record& one : deployments_of(in, recommender)) {
    if (one.name == name) {
      return std::move(one);
    }
    known += (known.empty() ? "there are " : ", ") + one.name;
  }
  throw error(errc::not_found,
              fmt::format("recommender \"{}\" has no deployment \"{}\"; {}", recommender,
                          name.substr(0, max_deployment_name_length), known.empty() ? "there is none yet" : known));
}

std::vector<deployment_record> all_deployments(sql::connection& in) {
  return select(in, "");
}

}  // namespace eunomia::recommend
