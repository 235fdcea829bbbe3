// Items for users, items like items, and what comes next.
#include <fmt/format.h>

#include "core/error.h"
#include "wire/recombee/recommending.h"
#include "wire/recombee/segments_of_items.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;

constexpr std::string_view to_user = "items-to-user";
constexpr std::string_view to_item = "items-to-item";
constexpr std::string_view to_segment = "items-to-item-segment";

list_question for_user(call& of, const subjects& about, const parameters& given) {
  list_question what = question_in(of, given);
  if (about.user) {
    ask_for(of, what, *about.user, given);
  }
  return what;
}

list_question like_item(call& of, const subjects& about, const parameters& given) {
  list_question what = question_in(of, given);
  ensure_item(of, about.item);
  if (about.user) {
    ask_for(of, what, *about.user, given);
  }
  what.about.item = about.item;
  what.excluded.insert(about.item);
  return what;
}

list_question in_segment(call& of, const subjects& about, const parameters& given) {
  list_question what = question_in(of, given);
  const std::string segment = given.required_text("contextSegmentId");
  if (about.user) {
    ask_for(of, what, *about.user, given);
  }
  const auto items = segments_of_items(of, what.scenario).items_in(segment);
  if (items.empty()) {
    throw core::error(errc::not_found, fmt::format("there is no item in a segment \"{}\"", segment.substr(0, 64)));
  }
  what.about.segment = segment;
  what.also = [items](const std::string& id, const database::values*) { return items.contains(id); };
  return what;
}

questioner questioner_of(std::string_view kind) {
  return kind == to_user ? questioner(for_user) : kind == to_item ? questioner(like_item) : questioner(in_segment);
}

reply next_items(call& of) {
  auto [before, about] =
      continued(of, [](std::string_view kind) { return kind == to_user || kind == to_item || kind == to_segment; });
  const auto count = of.given.count("count", max_recomms);
  if (!count) {
    refuse_parameter("count", fmt::format("is missing: 0 to {}", max_recomms));
  }
  list_question what = questioner_of(before.kind)(of, about, before.asked);
  what.count = *count;
  what.excluded.insert(before.shown.begin(), before.shown.end());
  const auto ids = items_for(of, what);
  return {200, recommended(of, what, ids, std::move(before), of.named("recommId"))};
}

}  // namespace

void add_recommendations(std::vector<operation>& to) {
  using http::method;
  for (const method verb : {method::post, method::get}) {
    add_operation(to, verb, "/recomms/users/{userId}/items/", callers(), [](call& of) {
      return list_answer(of, std::string(to_user), {of.named("userId"), {}}, for_user);
    });
    add_operation(to, verb, "/recomms/items/{itemId}/items/", callers(), [](call& of) {
      return list_answer(of, std::string(to_item), {of.given.text("targetUserId"), of.named("itemId")}, like_item);
    });
    add_operation(to, verb, "/recomms/item-segments/items/", callers(), [](call& of) {
      return list_answer(of, std::string(to_segment), {of.given.text("targetUserId"), {}}, in_segment);
    });
    add_operation(to, verb, "/recomms/next/items/{recommId}", callers(), next_items);
  }
}

}  // namespace eunomia::wire::recombee
