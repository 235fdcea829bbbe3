#include "wire/recombee/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using recommend::data_kind;
using recommend::metadata_record;

constexpr std::size_t shown_characters = 64;

using row_by_id = std::map<std::string, std::map<std::string, std::string>, std::less<>>;

void put_in_parts(const recommend::dataset& into, data_kind kind, const row_by_id& rows) {
  std::vector<metadata_record> part;
  const auto put = [&] {
    into.put(kind, part);
    part.clear();
  };
  for (const auto& [id, values] : rows) {
    part.push_back({id, values});
    if (part.size() == recommend::max_records_per_put) {
      put();
    }
  }
  if (!part.empty()) {
    put();
  }
}

// Somebody may declare a column at this moment, by another protocol: then a put knows too few of them, and is done
// again.
void put_all(recommend::datasets& in, const std::string& name, data_kind kind, const row_by_id& rows) {
  constexpr int max_attempts = 3;
  for (int attempt = 1;; ++attempt) {
    const recommend::dataset into = in.open(name);
    try {
      put_in_parts(into, kind, rows);
      return;
    } catch (const core::error& problem) {
      if (problem.code() != errc::invalid_argument || attempt == max_attempts ||
          same_columns(in.open(name).description(), into.description())) {
        throw;
      }
    }
  }
}

}  // namespace

void pending_writes::begin() {
  if (writing_.owns_lock()) {
    return;
  }
  writing_ = std::unique_lock(of_.writing());
  if (!in_.open.is_current(of_)) {
    writing_.unlock();
    throw database_was_changed();
  }
}

void pending_writes::put_item(const std::string& id, values columns) {
  items_.insert_or_assign(id, std::move(columns));
}

void pending_writes::put_user(const std::string& id, values columns) {
  users_.insert_or_assign(id, std::move(columns));
}

void pending_writes::record(recommend::event what) {
  done_.emplace(what.user_id, what.item_id, what.event_type, what.timestamp.value_or(0));
  active_.insert(what.user_id);
  events_.push_back(std::move(what));
}

const std::map<std::string, std::string>* pending_writes::item(std::string_view id) const {
  const auto found = items_.find(id);
  return found == items_.end() ? nullptr : &found->second;
}

const std::map<std::string, std::string>* pending_writes::user(std::string_view id) const {
  const auto found = users_.find(id);
  return found == users_.end() ? nullptr : &found->second;
}

bool pending_writes::did(std::string_view user, std::string_view item, std::string_view type, std::int64_t time) const {
  return done_.contains({std::string(user), std::string(item), std::string(type), time});
}

void pending_writes::flush() {
  // Whatever becomes of them, they are not tried again, and others may write.
  const auto items = std::move(items_);
  const auto users = std::move(users_);
  const auto events = std::move(events_);
  const std::unique_lock<std::mutex> writing = std::move(writing_);
  items_.clear();
  users_.clear();
  events_.clear();
  done_.clear();
  active_.clear();
  if (!items.empty()) {
    std::vector<std::string> ids;
    for (const auto& [id, columns] : items) {
      ids.push_back(id);
    }
    of_.restore_items(ids);
    put_all(in_.datasets, of_.name(), data_kind::items, items);
  }
  if (!users.empty()) {
    put_all(in_.datasets, of_.name(), data_kind::users, users);
  }
  for (std::size_t first = 0; first < events.size(); first += recommend::max_events_per_batch) {
    in_.answering.record(
        of_.name(), std::span(events).subspan(first, std::min(recommend::max_events_per_batch, events.size() - first)));
  }
}

void add_operation(std::vector<operation>& to, http::method verb, std::string path, http::access who,
                   std::function<reply(call&)> run, bool gathers) {
  to.push_back({.verb = verb, .path = std::move(path), .who = who, .run = std::move(run), .gathers = gathers});
}

reply refusal(unsigned status, std::string_view message) {
  core::json_value body = core::json_value::of_object();
  body.append("statusCode", of_integer(status));
  body.append("message", of_text(message));
  return {status, std::move(body)};
}

std::optional<core::subject_handle> find_user(const call& of, const std::string& user) {
  const auto who = of.in.people.find(of.in.user_space, user);
  if (!who) {
    return std::nullopt;
  }
  const auto history = of.in.answering.history_of(of.db().name(), *who);
  const bool known = !history->events.empty() || !history->features->empty() ||
                     of.db().rows().has_profile(*who, of.in.purpose) ||
                     !of.db().rows().admission_for(of.in.purpose)->admits(*who);
  return known ? who : std::nullopt;
}

bool has_user(const call& of, const std::string& user) {
  return of.writes.user(user) != nullptr || of.writes.did_something(user) || find_user(of, user).has_value();
}

bool has_item(const call& of, const std::string& item) {
  return of.writes.item(item) != nullptr || of.db().has_item(item);
}

core::subject_handle require_user(const call& of, const std::string& user) {
  const auto who = find_user(of, user);
  if (!who) {
    throw core::error(errc::not_found,
                      fmt::format("User \"{}\" does not exist in database {}; add it, or say cascadeCreate",
                                  user.substr(0, shown_characters), of.db().name()),
                      "a user does not exist in the database");
  }
  return *who;
}

void require_item(const call& of, const std::string& item) {
  if (!has_item(of, item)) {
    throw core::error(errc::not_found,
                      fmt::format("Item \"{}\" does not exist in database {}; add it, or say cascadeCreate",
                                  item.substr(0, shown_characters), of.db().name()));
  }
}

void ensure_user(call& of, const std::string& user) {
  if (has_user(of, user)) {
    return;
  }
  if (!of.given.flag("cascadeCreate").value_or(false)) {
    require_user(of, user);
  }
  check_id("userId", user);
  // Somebody else may have told of them meanwhile, and what is known of them is not to be lost.
  of.writes.begin();
  if (!has_user(of, user)) {
    of.writes.put_user(user, {});
  }
}

void ensure_item(call& of, const std::string& item) {
  if (has_item(of, item)) {
    return;
  }
  if (!of.given.flag("cascadeCreate").value_or(false)) {
    require_item(of, item);
  }
  check_id("itemId", item);
  of.writes.begin();
  if (!has_item(of, item)) {
    of.writes.put_item(item, {});
  }
}

database::values values_of_user(const call& of, const std::optional<core::subject_handle>& user) {
  return database::read(of.db().user_properties(),
                        user ? of.db().rows().profile_of(*user, of.in.purpose) : std::map<std::string, std::string>());
}

}  // namespace eunomia::wire::recombee
