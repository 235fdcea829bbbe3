#include "wire/recombee/recommending.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/time.h"
#include "recommend/item_weighing.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;

constexpr double most_seconds = recommend::rotation::max_seconds;
constexpr std::string_view target_user = "targetUserId";
constexpr std::size_t max_evaluations = 32;
constexpr std::size_t max_scenario_bytes = 255;
constexpr double high_share = 0.5;  // of the best score, below which an item is not highly relevant

// What may be listed, and how much it is boosted.
class wanted_items {
 public:
  wanted_items(const call& of, const list_question& what) : call_(of), what_(what) {
    const database_schema schema(of.db(), candidates_are::items);
    if (what.filter) {
      filter_ = reql::compile(*what.filter, schema);
    }
    if (what.booster) {
      booster_ = reql::compile(*what.booster, schema);
    }
  }

  // While the catalogue is read.
  question_facts facts(const database::reading& catalogue) const { return {call_, catalogue, what_.about}; }
  // 0: not listed.
  double factor(const database::reading& catalogue, question_facts& facts, const std::string& id,
                const database::values* known) const {
    if (what_.excluded.contains(id) || catalogue.is_deleted(id) || (what_.also && !what_.also(id, known))) {
      return 0;
    }
    facts.look_at(id, known);
    if (filter_ && !filter_->allows(facts, budget_)) {
      return 0;
    }
    return booster_ ? booster_->boost(facts, budget_) : 1;
  }

 private:
  const call& call_;
  const list_question& what_;
  mutable reql_budget budget_;
  std::optional<reql> filter_;
  std::optional<reql> booster_;
};

class catalogue_weighing final : public recommend::item_weighing {
 public:
  catalogue_weighing(const wanted_items& wanted, const database& of) : wanted_(wanted), of_(of) {}

  void weigh(const recommend::asked_facts& about, std::span<float> factors) const override {
    // Not held longer: who begins to listen to the dataset waits for who puts, who waits for this.
    const database::reading catalogue(of_);
    question_facts facts = wanted_.facts(catalogue);
    // Both are in the order of bytes.
    const recommend::catalogue& items = about.items();
    auto known = catalogue.all().begin();
    for (recommend::item_position item = 0; item < factors.size(); ++item) {
      const std::string& id = items.id(item);
      while (known != catalogue.all().end() && known->first < id) {
        ++known;
      }
      const bool found = known != catalogue.all().end() && known->first == id;
      factors[item] = static_cast<float>(wanted_.factor(catalogue, facts, id, found ? &known->second : nullptr));
    }
  }

 private:
  const wanted_items& wanted_;
  const database& of_;
};

void take(std::vector<std::string>& into, const recommend::answer& given, const list_question& what) {
  if (what.least != relevance::low && !given.personal && !what.about.item) {
    return;  // what everybody gets
  }
  float best = 0;
  for (const auto& one : given.items) {
    best = std::max(best, one.score.value_or(0));
  }
  for (const auto& one : given.items) {
    const bool relevant = what.least == relevance::low || one.score.value_or(0) > 0;
    const bool high = what.least != relevance::high || one.score.value_or(0) >= high_share * best;
    if (into.size() < what.count && relevant && high && std::ranges::find(into, one.item) == into.end()) {
      into.push_back(one.item);
    }
  }
}

// What the model says; nothing until one is trained.
void ask_model(const call& of, const list_question& what, const recommend::item_weighing& weighing,
               std::vector<std::string>& list) {
  const auto model = of.in.answers.for_scenario(of.db().name(), what.scenario);
  const recommend::shaping shape{what.diversity, what.rotate, &weighing};
  try {
    if (what.about.item) {
      try {
        take(list, of.in.answering.similar(model, *what.about.item, what.count, {}, what.who, shape), what);
      } catch (const core::error& problem) {
        if (problem.code() != errc::not_found) {
          throw;  // else the model does not know the item yet
        }
      }
    }
    if (list.size() < what.count && (!what.about.item || what.least == relevance::low)) {
      recommend::question question;
      question.who = what.who;
      question.count = what.count;
      if (shape.diversity > 0 || shape.rotate.rate > 0) {
        question.count = std::min(question.count, recommend::max_varied);
      } else {
        question.count = std::min(question.count + list.size(), recommend::max_recommendations);
      }
      question.shape = shape;
      take(list, of.in.answering.recommend(model, question), what);
    }
  } catch (const core::error& problem) {
    if (problem.code() != errc::failed_precondition) {
      throw;
    }
  }
}

// Items of which nobody can say how relevant they are: the most boosted first, then what the user did something with.
void fill(const call& of, const list_question& what, const wanted_items& wanted, std::vector<std::string>& list) {
  std::set<std::string, std::less<>> used(list.begin(), list.end());
  std::set<std::string, std::less<>> seen;
  if (what.about.user) {
    for (const auto& one : of.db().rows().history_of(*what.about.user, of.in.purpose)) {
      seen.insert(one.item_id);
    }
  }
  struct candidate {
    bool seen;
    double factor;
    const std::string* id;
  };
  std::vector<candidate> rest;
  const database::reading catalogue(of.db());
  question_facts facts = wanted.facts(catalogue);
  for (const auto& [id, known] : catalogue.all()) {
    if (!used.contains(id)) {
      if (const double factor = wanted.factor(catalogue, facts, id, &known); factor > 0) {
        rest.push_back({seen.contains(id), factor, &id});
      }
    }
  }
  std::ranges::stable_sort(
      rest, [](const candidate& a, const candidate& b) { return a.seen != b.seen ? b.seen : a.factor > b.factor; });
  for (std::size_t i = 0; i < rest.size() && list.size() < what.count; ++i) {
    list.push_back(*rest[i].id);
  }
}

relevance relevance_in(const parameters& given) {
  const auto name = given.text("minRelevance").value_or("low");
  if (name == "low") {
    return relevance::low;
  }
  if (name != "medium" && name != "high") {
    refuse_parameter("minRelevance", "is low, medium or high");
  }
  return name == "medium" ? relevance::medium : relevance::high;
}

// What everybody gets is asked for by the name of a logic.
bool is_popular(const parameters& given) {
  const json_value* const logic = given.find("logic");
  if (logic == nullptr) {
    return false;
  }
  if (logic->type() != json_value::kind::string && logic->type() != json_value::kind::object) {
    refuse_parameter("logic", "is the name of a logic, or an object with it");
  }
  const auto name =
      logic->type() == json_value::kind::string ? std::optional(logic->text()) : parameters(*logic).text("name");
  return name && (name->find("popular") != std::string::npos || name->find("bestsell") != std::string::npos ||
                  name->find("trending") != std::string::npos);
}

}  // namespace

std::map<std::string, reql> evaluations_in(const parameters& given, const reql_schema& schema) {
  std::map<std::string, reql> all;
  const auto texts = given.texts("reqlExpressions");
  if (texts.size() > max_evaluations) {
    refuse_parameter("reqlExpressions", fmt::format("has more than max_evaluations = {}", max_evaluations));
  }
  for (const auto& [name, text] : texts) {
    all.emplace(name, reql::compile(text, schema));
  }
  return all;
}

json_value evaluated(const std::map<std::string, reql>& all, const reql_facts& facts, reql_budget& budget) {
  json_value made = json_value::of_object();
  for (const auto& [name, expression] : all) {
    made.append(name, shown(expression.evaluate(facts, budget)));
  }
  return made;
}

void each_allowed(const call& of, const list_question& what,
                  const std::function<void(const std::string&, const database::values&, double)>& visit) {
  const wanted_items wanted(of, what);
  const database::reading catalogue(of.db());
  question_facts facts = wanted.facts(catalogue);
  for (const auto& [id, known] : catalogue.all()) {
    if (const double factor = wanted.factor(catalogue, facts, id, &known); factor > 0) {
      visit(id, known, factor);
    }
  }
}

list_question question_in(const call& of, const parameters& given) {
  list_question what;
  const auto count = given.count("count", max_recomms);
  if (!count) {
    refuse_parameter("count", fmt::format("is missing: 0 to {}", max_recomms));
  }
  what.count = *count;
  what.scenario = given.text("scenario").value_or("");
  if (what.scenario.size() > max_scenario_bytes) {
    refuse_parameter("scenario", fmt::format("has more than {} bytes", max_scenario_bytes));
  }
  what.filter = given.text("filter");
  what.booster = given.text("booster");
  what.diversity = given.number("diversity", 0, 1).value_or(0);
  what.rotate.rate = given.number("rotationRate", 0, 1).value_or(0);
  what.rotate.seconds = std::max(given.number("rotationTime", 0, 1e9).value_or(what.rotate.seconds), 1.0);
  what.rotate.seconds = std::min(what.rotate.seconds, most_seconds);
  what.least = relevance_in(given);
  given.number("userImpact", 0, 1);
  for (const std::string_view flag : {"cascadeCreate", "returnProperties", "returnAbGroup"}) {
    given.flag(flag);
  }
  check_included(of.db().item_properties(), given.list("includedProperties"));
  return what;
}

void ask_for(call& of, list_question& what, const std::string& user, const parameters& given) {
  what.about.user_id = user;
  ensure_user(of, user);
  of.writes.flush();
  what.about.user = of.in.people.find(of.in.user_space, user);
  if (what.about.user && !is_popular(given)) {
    what.who.user = user;
  }
  if (of.shown_to != nullptr) {
    for (const std::string& id : (*of.shown_to)[user]) {
      what.excluded.insert(id);
    }
  }
}

std::vector<std::string> items_for(const call& of, const list_question& what) {
  const wanted_items wanted(of, what);
  const catalogue_weighing weighing(wanted, of.db());
  std::vector<std::string> list;
  if (what.count > 0) {
    ask_model(of, what, weighing, list);
    if (list.size() < what.count && what.least == relevance::low) {
      fill(of, what, wanted, list);
    }
  }
  if (of.shown_to != nullptr && !what.about.user_id.empty()) {
    (*of.shown_to)[what.about.user_id].insert(list.begin(), list.end());
  }
  return list;
}

json_value recommended(const call& of, const list_question& what, const std::vector<std::string>& ids,
                       given_lists::list given, const std::string& id) {
  const bool with_values = given.asked.flag("returnProperties").value_or(false);
  const auto included = given.asked.list("includedProperties");
  const auto evaluations = evaluations_in(given.asked, database_schema(of.db(), candidates_are::items));
  const database::reading catalogue(of.db());
  question_facts facts(of, catalogue, what.about);
  reql_budget budget;
  json_value list = json_value::of_array();
  for (const std::string& item : ids) {
    json_value one = json_value::of_object();
    one.append("id", of_text(item));
    const auto* const known = catalogue.find(item);
    if (with_values) {
      one.append("values", shown_values(of.db().item_properties(), known, included));
    }
    if (!evaluations.empty()) {
      facts.look_at(item, known);
      one.append("reqlEvaluations", evaluated(evaluations, facts, budget));
    }
    list.append(std::move(one));
  }
  json_value answer = json_value::of_object();
  answer.append("recommId", of_text(id));
  answer.append("recomms", std::move(list));
  answer.append("numberNextRecommsCalls", of_integer(given.calls));
  given.shown.insert(given.shown.end(), ids.begin(), ids.end());
  given.at = core::now_ms();
  of.in.given.keep(id, std::move(given));
  return answer;
}

reply list_answer(call& of, const std::string& kind, const subjects& about, const questioner& ask) {
  const list_question what = ask(of, about, of.given);
  const auto ids = items_for(of, what);
  return {200, recommended(of, what, ids, list_given(of, kind, about, what.about.user), given_lists::new_id())};
}

given_lists::list list_given(const call& of, std::string_view kind, const subjects& about,
                             const std::optional<core::subject_handle>& user) {
  given_lists::list given;
  given.database = of.db().name();
  given.kind = kind;
  given.item = about.item;
  given.user = user;
  json_value asked = json_value::of_object();
  for (std::size_t i = 0; i < of.given.all().names().size(); ++i) {
    if (of.given.all().names()[i] != target_user) {
      asked.append(of.given.all().names()[i], of.given.all().elements()[i]);
    }
  }
  given.asked = parameters(std::move(asked));
  return given;
}

continued_list continued(const call& of, const std::function<bool(std::string_view kind)>& is_meant) {
  const std::string& id = of.named("recommId");
  auto before = of.in.given.find(of.db().name(), id, core::now_ms());
  const auto user = before && before->user ? of.in.people.identifier_of(of.in.user_space, *before->user) : std::nullopt;
  if (!before || !is_meant(before->kind) || (before->user && !user)) {
    throw core::error(errc::not_found,
                      fmt::format("There is no such list with recommId {} of the last {} minutes; ask for one first",
                                  id.substr(0, 64), given_lists::given_lifetime_ms / 60'000));
  }
  ++before->calls;
  std::string item = before->item;
  return {*std::move(before), {user, std::move(item)}};
}

}  // namespace eunomia::wire::recombee
