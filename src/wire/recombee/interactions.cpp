// What people do: told, listed by user and by item, and deleted.
#include "wire/recombee/interactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/job.h"
#include "core/json.h"
#include "core/json_writer.h"
#include "core/time.h"
#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;
using recommend::full_interaction;
using recommend::metadata_type;

constexpr std::size_t max_additional_data_bytes = 16 * 1024;
constexpr std::size_t max_short_text_bytes = 255;
constexpr double largest_figure = 1e15;

// What Recombee's clients tell of an interaction beside who, what and when, and the column in which it rests.
struct detail {
  std::string_view member;
  std::string_view column;
  metadata_type type;
};
constexpr std::array<detail, 10> details = {{{"duration", "DURATION", metadata_type::number},
                                             {"amount", "AMOUNT", metadata_type::number},
                                             {"price", "PRICE", metadata_type::number},
                                             {"profit", "PROFIT", metadata_type::number},
                                             {"timeSpent", "TIME_SPENT", metadata_type::number},
                                             {"sessionId", "SESSION_ID", metadata_type::text},
                                             {"recommId", "RECOMM_ID", metadata_type::text},
                                             {"autoPresented", "AUTO_PRESENTED", metadata_type::text},
                                             {"additionalData", "ADDITIONAL_DATA", metadata_type::text},
                                             {"rating", "RATING", metadata_type::number}}};
constexpr std::string_view column_prefix = "RECOMBEE_";

std::string column_of(const detail& one) {
  return fmt::format("{}{}", column_prefix, one.column);
}

std::string text_of(const json_value& value) {
  core::json_writer out;
  out.value(value);
  return std::move(out).text();
}

std::map<std::string, std::string> properties_in(const call& of) {
  std::map<std::string, std::string> all;
  for (const detail& one : details) {
    const json_value* const given = of.given.find(one.member);
    if (given == nullptr) {
      continue;
    }
    std::string text;
    std::size_t longest = max_short_text_bytes;
    if (one.type == metadata_type::number) {
      text = fmt::format("{}", *of.given.number(one.member, -largest_figure, largest_figure));
    } else if (one.member == "additionalData") {
      if (given->type() != json_value::kind::object) {
        refuse_parameter(one.member, "is an object");
      }
      text = text_of(*given);
      longest = max_additional_data_bytes;
    } else if (one.member == "autoPresented") {
      text = *of.given.flag(one.member) ? "true" : "false";
    } else {
      text = *of.given.text(one.member);
    }
    if (text.size() > longest) {
      refuse_parameter(one.member, fmt::format("has {} bytes, more than {} are kept", text.size(), longest));
    }
    all.emplace(column_of(one), std::move(text));
  }
  return all;
}

// What an interaction is worth beside that it happened.
std::optional<double> value_in(const call& of, const interaction_kind& kind) {
  if (kind.event_type == "rating") {
    const auto rating = of.given.number("rating", -1, 1);
    if (!rating) {
      refuse_parameter("rating", "is missing: a number from -1 to 1");
    }
    return rating;
  }
  if (kind.event_type == "view-portion") {
    const auto portion = of.given.number("portion", 0, 1);
    if (!portion) {
      refuse_parameter("portion", "is missing: a number from 0 to 1");
    }
    return portion;
  }
  return std::nullopt;
}

bool is_of(const interaction_kind& kind, std::string_view event_type) {
  return event_type == kind.event_type || (kind.event_type == "rating" && event_type == disliked_type);
}

bool happened(const call& of, const recommend::event& one) {
  if (of.writes.did(one.user_id, one.item_id, one.event_type, *one.timestamp)) {
    return true;
  }
  const auto who = of.in.people.find(of.in.user_space, one.user_id);
  return who && of.db().rows().occurs(of.in.answering.history_of(of.db().name(), *who)->events, one.item_id,
                                      one.event_type, one.timestamp);
}

reply add(call& of, const interaction_kind& kind) {
  recommend::event one;
  one.user_id = of.given.required_text("userId");
  one.item_id = of.given.required_text("itemId");
  one.event_type = kind.event_type;
  one.event_value = value_in(of, kind);
  if (kind.event_type == "rating" && *one.event_value < 0) {
    one.event_type = disliked_type;
  }
  const auto told = of.given.moment("timestamp");
  one.timestamp = told.value_or(core::now_ms());
  one.properties = properties_in(of);
  ensure_user(of, one.user_id);
  ensure_item(of, one.item_id);
  // A viewed portion is told again and again while it grows.
  if (told && kind.event_type != "view-portion" && happened(of, one)) {
    throw core::error(
        errc::already_exists,
        fmt::format("There is a {} of this item by this user at this timestamp already", kind.event_type));
  }
  of.in.answers.begin(of.db().name());
  of.writes.record(std::move(one));
  return {};
}

std::string session_column() {
  return fmt::format("{}SESSION_ID", column_prefix);
}

std::string session_of(const full_interaction& one) {
  const auto found = one.properties.find(session_column());
  return found == one.properties.end() ? "" : found->second;
}

// Of a kind, oldest first; of viewed portions the last of each user, item and session.
std::vector<full_interaction> of_kind(std::vector<full_interaction> all, const interaction_kind& kind) {
  std::erase_if(all, [&](const full_interaction& one) { return !is_of(kind, one.what.event_type); });
  if (kind.event_type == "view-portion") {
    std::set<std::tuple<core::subject_handle, std::string, std::string>> seen;
    std::vector<full_interaction> last;
    for (auto one = all.rbegin(); one != all.rend(); ++one) {
      if (seen.emplace(one->who, one->what.item_id, session_of(*one)).second) {
        last.push_back(*one);
      }
    }
    std::ranges::reverse(last);
    return last;
  }
  return all;
}

json_value shown_detail(const detail& one, const std::string& text) {
  if (one.type == metadata_type::number) {
    return json_value::of_number(text);
  }
  if (one.member == "autoPresented") {
    return json_value::of_boolean(text == "true");
  }
  return one.member == "additionalData" ? core::parse_json(text) : of_text(text);
}

json_value shown_interaction(const full_interaction& one, const interaction_kind& kind, const std::string& user) {
  json_value body = json_value::of_object();
  body.append("userId", of_text(user));
  body.append("itemId", of_text(one.what.item_id));
  if (kind.event_type == "view-portion") {
    body.append("portion", of_real(static_cast<double>(one.what.event_value)));
  }
  for (const detail& also : details) {
    if (const auto found = one.properties.find(column_of(also)); found != one.properties.end()) {
      body.append(std::string(also.member), shown_detail(also, found->second));
    }
  }
  body.append("timestamp", of_moment(one.what.time));
  return body;
}

reply list_of_user(call& of, const interaction_kind& kind) {
  const std::string& user = of.named("userId");
  const auto who = require_user(of, user);
  json_value list = json_value::of_array();
  for (const auto& one : of_kind(of.db().rows().interactions_of(who, of.in.purpose), kind)) {
    list.append(shown_interaction(one, kind, user));
  }
  return {200, std::move(list)};
}

reply list_of_item(call& of, const interaction_kind& kind) {
  const std::string& item = of.named("itemId");
  require_item(of, item);
  core::job quiet;
  const auto all = of_kind(of.db().rows().interactions_with(item, of.in.purpose, of.in.work_pool, quiet), kind);
  std::vector<core::subject_handle> people;
  people.reserve(all.size());
  for (const auto& one : all) {
    people.push_back(one.who);
  }
  const auto identifiers = of.in.people.identifiers_of(of.in.user_space, people);
  json_value list = json_value::of_array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (identifiers[i]) {
      list.append(shown_interaction(all[i], kind, *identifiers[i]));
    }
  }
  return {200, std::move(list)};
}

reply remove(call& of, const interaction_kind& kind) {
  const std::string user = of.given.required_text("userId");
  const std::string item = of.given.required_text("itemId");
  const auto time = of.given.moment("timestamp");
  // Of viewed portions, those of one session, or of none.
  const auto of_session = kind.event_type == "view-portion" ? std::optional(of.given.text("sessionId").value_or(""))
                                                            : std::optional<std::string>();
  const auto who = require_user(of, user);
  require_item(of, item);
  recommend::rectification wrong;
  std::set<std::pair<std::string, std::int64_t>> named;  // what was told several times of one moment, once
  for (const auto& one : of.db().rows().interactions_of(who, of.in.purpose)) {
    if (one.what.item_id == item && is_of(kind, one.what.event_type) && (!time || one.what.time == *time) &&
        (!of_session || session_of(one) == *of_session) && named.emplace(one.what.event_type, one.what.time).second) {
      wrong.wrong.push_back({item, one.what.time, one.what.event_type, {}});
      if (of_session) {
        wrong.wrong.back().texts.emplace(session_column(), *of_session);
      }
    }
  }
  if (wrong.wrong.empty()) {
    throw core::error(errc::not_found,
                      fmt::format("There is no such {} in database {}", kind.event_type, of.db().name()));
  }
  core::job quiet;
  of.db().rows().rectify(who, wrong, of.in.work_pool, quiet);
  return {};
}

}  // namespace

std::vector<recommend::metadata_column> interaction_columns() {
  std::vector<recommend::metadata_column> all;
  all.reserve(details.size());
  for (const detail& one : details) {
    all.push_back({column_of(one), one.type});
  }
  return all;
}

void add_interactions(std::vector<operation>& to) {
  using http::method;
  for (const interaction_kind& kind : interaction_kinds) {
    const std::string path = fmt::format("/{}/", kind.path);
    add_operation(
        to, method::post, path, callers(), [kind](call& of) { return add(of, kind); }, true);
    add_operation(to, method::delete_, path, callers(), [kind](call& of) { return remove(of, kind); });
    add_operation(to, method::get, fmt::format("/users/{{userId}}/{}/", kind.path), callers(),
                  [kind](call& of) { return list_of_user(of, kind); });
    add_operation(to, method::get, fmt::format("/items/{{itemId}}/{}/", kind.path), callers(),
                  [kind](call& of) { return list_of_item(of, kind); });
  }
}

}  // namespace eunomia::wire::recombee
