// Questions to a served recommender.
#include "wire/api/answers.h"

#include <algorithm>

#include "core/error.h"
#include "wire/api/api.h"
#include "wire/api/decisions.h"
#include "wire/api/people.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;
using recommend::answering;

constexpr std::string_view history_text = "A visitor instead: the items they looked at, oldest first";

constexpr std::string_view filter_text =
    "Only what a filter in the language of Amazon Personalize allows: \"INCLUDE ItemID WHERE Items.PRICE <= $PRICE | "
    "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\\\"buy\\\")\"";
constexpr std::string_view filter_values_text =
    "Values for the filter's $PARAMETERs by name; several with commas between them: {\"GENRE\": \"drama,war\"}";

constexpr std::string_view keep_text =
    "Keep the answer as a decision about the user, with what speaks for each item, so that a human can review it "
    "(Art. 22). Where nothing of theirs was counted it is no decision about them, and none is kept";

// With each item, at least.
constexpr std::uint32_t reasons_of_a_decision = 3;

// What was asked for, and kept as a decision about the user where that is wanted. ask: the answer with so many reasons.
template <class Body, class Ask>
answer_view answer_to(const Body& body, const http::request& in, const services& to, const Ask& ask) {
  if (!body.keep_decision) {
    return view_of(ask(body.explain));
  }
  if (!body.user) {
    throw core::error(core::errc::invalid_argument,
                      "keep_decision: a decision is about somebody whom user names; a visitor is not kept");
  }
  answer_view view = view_of(ask(std::max(body.explain, reasons_of_a_decision)));
  if (view.personal) {
    const auto about = somebody(*body.user, to.user_space, to.people);
    view.decision = keep_decision(view, about, to.purpose, caller_of(in), to.decisions);
  }
  for (item_view& one : view.items) {
    one.because.resize(std::min<std::size_t>(one.because.size(), body.explain));
  }
  return view;
}

operation asking(std::string_view what, std::string summary) {
  return {method::post, "/api/v1/recommenders/{recommender}/" + std::string(what),
          http::access::roles(role::service, role::engineer), "recommendations", std::move(summary)};
}

}  // namespace

static const core::json_note deployment_note = {.text = deployment_text,
                                                .longest = recommend::max_deployment_name_length};

static const core::json_note influence_note = {
    .text =
        "By what else than relevance the list is ordered: of the merits given, the one of the greatest influence "
        "takes that share of the order from relevance, and all share it"};
static const core::json_note context_note = {
    .text =
        "The circumstances, by columns of interactions: {\"DEVICE\": \"phone\"}. Items that others had more often in "
        "the same ones are more relevant; what is no column changes nothing"};

core::json_notes notes_of(const influence_body*) {
  return {{"popularity", {.text = "How many people have an item", .least = 0, .most = 1}},
          {"freshness", {.text = "When it came to the shop, by CREATION_TIMESTAMP", .least = 0, .most = 1}},
          {"column", {.text = "A column of items that holds numbers, such as PRICE"}},
          {"of_column", {.text = "The influence of that column", .least = 0, .most = 1}}};
}

core::json_notes notes_of(const recommendation_body*) {
  return {
      {"user", {.text = user_text}},
      {"history", {.text = history_text, .longest = answering::max_item_list}},
      {"count", {.text = "How many", .least = 0, .most = recommend::max_recommendations}},
      {"include_history", {.text = "Recommend also what they did something with already"}},
      {"only", {.text = "Choose from these items", .longest = answering::max_item_list}},
      {"exclude", {.text = "Never these items", .longest = answering::max_item_list}},
      {"where", {.text = "Conditions on items, all must hold: \"PRICE<=20\"", .longest = answering::max_conditions}},
      {"filter", {.text = filter_text, .longest = recommend::max_filter_bytes}},
      {"filter_values", {.text = filter_values_text}},
      {"explore", {.text = "The share of places for new items", .least = 0, .most = 1}},
      {"explore_days",
       {.text = "Also items whose CREATION_TIMESTAMP is within so many days", .least = 0, .most = 36'500}},
      {"seed", {.text = "The same seed draws the same new items"}},
      {"diversity", {.text = "How unlike each other the items are to be", .least = 0, .most = 1}},
      {"rotation_rate",
       {.text = "The share of its relevance that an item loses when it was just shown to the user",
        .least = 0,
        .most = 1}},
      {"rotation_time",
       {.text = "Seconds until it has all of it back", .least = 0, .most = recommend::rotation::max_seconds}},
      {"influence", influence_note},
      {"context", context_note},
      {"explain", {.text = "Past interactions to name with each item", .most = answering::max_reasons}},
      {"keep_decision", {.text = keep_text}},
      {"deployment", deployment_note}};
}

core::json_notes notes_of(const ranking_body*) {
  return {{"user", {.text = user_text}},
          {"history", {.text = history_text, .longest = answering::max_item_list}},
          {"items", {.text = "To be ranked", .longest = answering::max_item_list}},
          {"filter", {.text = filter_text, .longest = recommend::max_filter_bytes}},
          {"filter_values", {.text = filter_values_text}},
          {"influence", influence_note},
          {"context", context_note},
          {"explain", {.text = "Past interactions to name with each item", .most = answering::max_reasons}},
          {"keep_decision", {.text = keep_text}},
          {"deployment", deployment_note}};
}

core::json_notes notes_of(const similar_body*) {
  return {{"item", {.text = "An item that the recommender knows", .shortest = 1}},
          {"count", {.text = "How many", .most = recommend::max_recommendations}},
          {"filter", {.text = filter_text, .longest = recommend::max_filter_bytes}},
          {"filter_values", {.text = filter_values_text}},
          {"user", {.text = "Whose interactions and profile the filter asks for: a USER_ID"}},
          {"deployment", deployment_note}};
}

core::json_notes notes_of(const explanation_body*) {
  return {{"user", {.text = user_text}},
          {"history", {.text = history_text, .longest = answering::max_item_list}},
          {"item", {.text = "An item that the recommender knows", .shortest = 1}},
          {"count", {.text = "Past interactions to name", .most = answering::max_reasons}},
          {"deployment", deployment_note}};
}

answer_view view_of(recommend::answer&& given) {
  answer_view view{std::move(given.recommender),
                   given.version,
                   std::move(given.family),
                   given.known,
                   given.personal,
                   std::move(given.withheld),
                   {},
                   {}};
  view.items.reserve(given.items.size());
  for (auto& one : given.items) {
    view.items.push_back({std::move(one.item), one.score, one.explored, {}});
    for (auto& why : one.because) {
      view.items.back().because.push_back({std::move(why.item), why.share});
    }
  }
  return view;
}

static recommend::emphasis emphasis_of(const influence_body& body) {
  return {
      .popularity = body.popularity, .freshness = body.freshness, .column = body.column, .of_column = body.of_column};
}

recommend::shaping shaping_of(const ranking_body& body) {
  return {
      .diversity = 0, .rotate = {}, .weighing = nullptr, .by = emphasis_of(body.influence), .context = body.context};
}

recommend::question question_of(const recommendation_body& body) {
  return {.who = {body.user, body.history},
          .count = body.count,
          .include_history = body.include_history,
          .only = body.only,
          .exclude = body.exclude,
          .where = body.where,
          .filter = filtering_of(body),
          .explore = body.explore,
          .explore_days = body.explore_days,
          .seed = body.seed,
          .explain = body.explain,
          .shape = {.diversity = body.diversity,
                    .rotate = {.rate = body.rotation_rate, .seconds = body.rotation_time},
                    .weighing = nullptr,
                    .by = emphasis_of(body.influence),
                    .context = body.context}};
}

void add_answers(route_table& table, const services& to) {
  answering& ask = to.answering;
  table.body<recommendation_body, answer_view>(asking("recommendations", "The best items for somebody"),
                                               [to](const recommendation_body& body, const http::request& in) {
                                                 return answer_to(body, in, to, [&](std::uint32_t reasons) {
                                                   recommend::question what = question_of(body);
                                                   what.explain = reasons;
                                                   return to.answering.recommend(
                                                       model_of(in.path_parameter("recommender"), body), what);
                                                 });
                                               });
  table.body<ranking_body, answer_view>(asking("ranking", "The given items, best first for somebody"),
                                        [to](const ranking_body& body, const http::request& in) {
                                          return answer_to(body, in, to, [&](std::uint32_t reasons) {
                                            return to.answering.rank(model_of(in.path_parameter("recommender"), body),
                                                                     {body.user, body.history}, body.items, reasons,
                                                                     filtering_of(body), shaping_of(body));
                                          });
                                        });
  table.body<similar_body, answer_view>(
      asking("similar", "The items most like one"), [&ask](const similar_body& body, const http::request& in) {
        return view_of(ask.similar(model_of(in.path_parameter("recommender"), body), body.item, body.count,
                                   filtering_of(body), {body.user, {}}));
      });
  table.body<explanation_body, answer_view>(
      asking("explanation", "Which past interactions speak for an item"),
      [&ask](const explanation_body& body, const http::request& in) {
        return view_of(ask.explain(model_of(in.path_parameter("recommender"), body), {body.user, body.history},
                                   body.item, body.count));
      });
}

}  // namespace eunomia::wire::api
