// Segments of items for users, for items, and like a segment; and those that a search finds.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/time.h"
#include "wire/recombee/recommending.h"
#include "wire/recombee/search_words.h"
#include "wire/recombee/segments_of_items.h"

namespace eunomia::wire::recombee {

namespace {

using core::json_value;

// What a segment is drawn by: how high its items stand in a list of so many.
constexpr std::size_t items_looked_at = 500;
constexpr std::size_t most_context_items = 100;

constexpr std::string_view to_user = "item-segments-to-user";
constexpr std::string_view to_item = "item-segments-to-item";
constexpr std::string_view to_segment = "item-segments-to-item-segment";
constexpr std::string_view by_search = "search-item-segments";

// 'segmentId' and 'countItems', beside the contexts of the question.
class segment_schema final : public reql_schema {
 public:
  explicit segment_schema(const database& of) : contexts_(of, candidates_are::items) {}
  std::optional<std::size_t> slot_of(reql_whose whose, std::string_view property) const override {
    if (whose != reql_whose::candidate) {
      return contexts_.slot_of(whose, property);
    }
    return property == "segmentId"    ? std::optional<std::size_t>(0)
           : property == "countItems" ? std::optional<std::size_t>(1)
                                      : std::nullopt;
  }

 private:
  database_schema contexts_;
};

struct scored_segment {
  std::string id;
  double score = 0;
};

// A question about segments: its filter and booster are theirs, not the items'.
struct segment_question {
  list_question items;
  std::optional<std::string> filter;
  std::optional<std::string> booster;
  std::size_t count = 0;
  std::string without;               // a segment that is not to be listed
  std::optional<std::string> words;  // of a search
};

segment_question question_about_segments(const call& of, const parameters& given) {
  segment_question what;
  what.items = question_in(of, given);
  what.filter = std::exchange(what.items.filter, std::nullopt);
  what.booster = std::exchange(what.items.booster, std::nullopt);
  what.count = std::exchange(what.items.count, items_looked_at);
  return what;
}

segment_question ask(call& of, std::string_view kind, const subjects& about, const parameters& given) {
  segment_question what = question_about_segments(of, given);
  if (about.user) {
    ask_for(of, what.items, *about.user, given);
  }
  if (kind == by_search) {
    what.words = given.required_text("searchQuery");
  } else if (kind == to_item) {
    ensure_item(of, about.item);
    what.items.about.item = about.item;
  } else if (kind == to_segment) {
    what.without = given.required_text("contextSegmentId");
    what.items.about.segment = what.without;
  }
  return what;
}

std::vector<scored_segment> ranked(const call& of, const segment_question& what, const segments_of_items& segments) {
  std::map<std::string, double> scores;
  list_question items = what.items;
  if (items.about.segment) {
    // Somebody who looked at the segment's items, and at nothing else.
    items.who = {};
    for (const std::string& id : segments.items_in(*items.about.segment)) {
      if (items.who.visited.size() < most_context_items) {
        items.who.visited.push_back(id);
      }
    }
  }
  const auto list = items_for(of, items);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (const auto* const of_item = segments.segments_of(list[i])) {
      for (const std::string& segment : *of_item) {
        scores[segment] += 1 / std::log2(2 + static_cast<double>(i));
      }
    }
  }
  std::vector<scored_segment> all;
  const std::optional<search_words> words =
      what.words ? std::optional<search_words>(search_words(of, *what.words)) : std::nullopt;
  for (const auto& [segment, ids] : segments.all()) {
    double score = scores[segment];
    if (words) {
      const double found = words->found_in(search_words::words_of(segment));
      score = found > 0 ? found * (1 + score) : -1;
    }
    if (segment != what.without && score >= 0) {
      all.push_back({segment, score});
    }
  }
  const segment_schema schema(of.db());
  std::optional<reql> filter;
  std::optional<reql> booster;
  if (what.filter) {
    filter = reql::compile(*what.filter, schema);
  }
  if (what.booster) {
    booster = reql::compile(*what.booster, schema);
  }
  const database::reading catalogue(of.db());
  question_facts facts(of, catalogue, what.items.about);
  reql_budget budget;
  std::erase_if(all, [&](scored_segment& one) {
    const database::values known = {reql_value(one.id),
                                    reql_value(static_cast<std::int64_t>(segments.all().at(one.id).size()))};
    facts.look_at(one.id, &known);
    const double factor = booster ? booster->boost(facts, budget) : 1;
    one.score *= factor;
    return what.items.excluded.contains(one.id) || factor == 0 || (filter && !filter->allows(facts, budget));
  });
  std::ranges::stable_sort(all, std::greater(), &scored_segment::score);
  all.resize(std::min(all.size(), what.count));
  return all;
}

reply answer(const call& of, const segment_question& what, given_lists::list given, const std::string& id) {
  const segments_of_items segments(of, what.items.scenario);
  const segment_schema schema(of.db());
  const auto evaluations = evaluations_in(given.asked, schema);
  const auto found = ranked(of, what, segments);
  const database::reading catalogue(of.db());
  question_facts facts(of, catalogue, what.items.about);
  reql_budget budget;
  json_value list = json_value::of_array();
  for (const scored_segment& segment : found) {
    json_value one = json_value::of_object();
    one.append("id", of_text(segment.id));
    if (!evaluations.empty()) {
      const database::values known = {reql_value(segment.id),
                                      reql_value(static_cast<std::int64_t>(segments.all().at(segment.id).size()))};
      facts.look_at(segment.id, &known);
      one.append("reqlEvaluations", evaluated(evaluations, facts, budget));
    }
    list.append(std::move(one));
    given.shown.push_back(segment.id);
  }
  json_value body = json_value::of_object();
  body.append("recommId", of_text(id));
  body.append("recomms", std::move(list));
  body.append("numberNextRecommsCalls", of_integer(given.calls));
  given.at = core::now_ms();
  of.in.given.keep(id, std::move(given));
  return {200, std::move(body)};
}

reply recommend_segments(call& of, std::string_view kind, const subjects& about) {
  const segment_question what = ask(of, kind, about, of.given);
  return answer(of, what, list_given(of, kind, about, what.items.about.user), given_lists::new_id());
}

reply next_segments(call& of) {
  auto [before, about] = continued(of, [](std::string_view kind) {
    return kind == to_user || kind == to_item || kind == to_segment || kind == by_search;
  });
  const auto count = of.given.count("count", max_recomms);
  if (!count) {
    refuse_parameter("count", fmt::format("is missing: 0 to {}", max_recomms));
  }
  segment_question what = ask(of, before.kind, about, before.asked);
  what.count = *count;
  what.items.excluded.insert(before.shown.begin(), before.shown.end());
  return answer(of, what, std::move(before), of.named("recommId"));
}

}  // namespace

void add_segment_recommendations(std::vector<operation>& to) {
  using http::method;
  for (const method verb : {method::post, method::get}) {
    add_operation(to, verb, "/recomms/users/{userId}/item-segments/", callers(), [](call& of) {
      return recommend_segments(of, to_user, {of.named("userId"), {}});
    });
    add_operation(to, verb, "/recomms/items/{itemId}/item-segments/", callers(), [](call& of) {
      return recommend_segments(of, to_item, {of.given.text("targetUserId"), of.named("itemId")});
    });
    add_operation(to, verb, "/recomms/item-segments/item-segments/", callers(), [](call& of) {
      return recommend_segments(of, to_segment, {of.given.text("targetUserId"), {}});
    });
    add_operation(to, verb, "/search/users/{userId}/item-segments/", callers(), [](call& of) {
      return recommend_segments(of, by_search, {of.named("userId"), {}});
    });
    add_operation(to, verb, "/recomms/next/item-segments/{recommId}", callers(), next_segments);
  }
}

}  // namespace eunomia::wire::recombee
