// Forgetting people: at once in every served model, then everywhere.
#include <fmt/format.h>

#include <atomic>

#include <algorithm>

#include "core/error.h"
#include "core/time.h"
#include "wire/api/api.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

constexpr std::size_t most_people_at_once = 10'000;

struct people_to_forget {
  std::vector<std::string> users;
};
BOOST_DESCRIBE_STRUCT(people_to_forget, (), (users))
core::json_notes notes_of(const people_to_forget*) {
  return {{"users", {.text = "USER_IDs", .longest = most_people_at_once, .shortest = 1}}};
}

struct forgetting_view {
  std::int64_t id = 0;
  std::string state;  // "forgotten_in_served_models", then "completed"
  std::uint64_t people = 0;
  std::string requested_at;
  std::optional<std::string> completed_at;
  std::vector<recommend::forgotten_model> models;
  std::vector<recommend::erased_dataset> datasets;
};
BOOST_DESCRIBE_STRUCT(forgetting_view, (), (id, state, people, requested_at, completed_at, models, datasets))

forgetting_view view_of(const recommend::forgetting_record& record) {
  return {record.id,
          record.completed_at == 0 ? "forgotten_in_served_models" : "completed",
          record.people,
          core::format_iso8601(record.requested_at),
          moment(record.completed_at),
          record.report.models,
          record.report.datasets};
}

// A forgetting may wait for a model that is being re-derived: so few may wait that workers are left for others.
class place {
 public:
  static constexpr int places = 4;
  place() {
    if (taken().fetch_add(1) >= places) {
      taken().fetch_sub(1);
      throw core::error(core::errc::unavailable,
                        fmt::format("{} forgettings are being begun; nothing was done, ask again", places));
    }
  }
  ~place() { taken().fetch_sub(1); }
  place(const place&) = delete;
  place& operator=(const place&) = delete;

 private:
  static std::atomic<int>& taken() {
    static std::atomic<int> count = 0;
    return count;
  }
};

forgetting_view forget(const people_to_forget& wanted, const services& to) {
  if (wanted.users.empty() || wanted.users.size() > most_people_at_once) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("users: 1 to {} at once, got {}", most_people_at_once, wanted.users.size()));
  }
  const place one;
  const std::vector<std::string_view> raw(wanted.users.begin(), wanted.users.end());
  auto gone = to.people.find_all(to.user_space, raw);
  std::erase(gone, core::subject_handle());
  if (gone.empty()) {
    throw core::error(core::errc::not_found, "users: none of them is known, or all were forgotten before");
  }
  core::job quiet;
  const auto [record, models] = to.recommenders.begin_forgetting(gone, {to.forget_pool, quiet});
  auto view = view_of(record);
  view.models = models;
  return view;
}

}  // namespace

void add_forgettings(route_table& table, const services& to) {
  const auto who = http::access::roles(role::privacy_officer);
  operation begin{method::post,
                  "/api/v1/forgettings",
                  who,
                  "people",
                  "Forget people: served models at once, the rest in the background; watch it by its id",
                  202};
  begin.body_limit = std::uint64_t{16} << 20;
  table.body<people_to_forget, forgetting_view>(
      begin, [to](const people_to_forget& wanted, const http::request&) { return forget(wanted, to); });
  table.query<nothing, forgetting_view>(
      {method::get, "/api/v1/forgettings/{forgetting}", who, "people", "How far a forgetting is"},
      [to](const nothing&, const http::request& in) {
        return view_of(to.recommenders.forgetting(number_in_path(in.path_parameter("forgetting"), "forgetting")));
      });
}

}  // namespace eunomia::wire::api
