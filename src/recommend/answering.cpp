#include "recommend/answering.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/error.h"
#include "core/time.h"
#include "recommend/answering_views.h"
#include "recommend/asked_facts.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

template <class List>
void require_at_most(const List& list, std::size_t most, std::string_view name) {
  if (list.size() > most) {
    throw error(errc::invalid_argument, fmt::format("{}: {} given, at most {} are taken", name, list.size(), most));
  }
}

std::optional<float> finite(float score) {
  return std::isfinite(score) ? std::optional(score) : std::nullopt;
}

// Of a model that cannot say: none.
std::span<const std::uint32_t> counts_of(const std::shared_ptr<const item_popularity::counts>& people) {
  return people == nullptr ? std::span<const std::uint32_t>() : *people;
}

bool is_given(const filtering& filter) {
  if (filter.expression.empty() && !filter.values.empty()) {
    throw error(errc::invalid_argument, "filter_values: there is no filter that they are for; give it in filter");
  }
  return !filter.expression.empty();
}

std::vector<reason> reasons(const scorer& model, const person& who, item_position item, std::size_t count) {
  std::vector<reason> rows;
  if (count == 0) {
    return rows;
  }
  for (const auto& part : model.explain(who, item, count)) {
    rows.push_back({model.items().id(part.item), part.share});
  }
  return rows;
}

item_position item_of(const scorer& model, std::string_view recommender, const std::string& id) {
  const auto item = model.items().find(id);
  if (!item) {
    constexpr std::size_t shown = 128;
    throw error(errc::not_found,
                fmt::format("recommender \"{}\" knows no item \"{}\"", recommender, id.substr(0, shown)));
  }
  return *item;
}

}  // namespace

answering::person_view answering::person_of(const asked& who, model_view& model) {
  require_at_most(who.visited, max_item_list, "history");
  if (who.user && !who.visited.empty()) {
    throw error(errc::invalid_argument, "a user and a history are two people: give one of them");
  }
  const auto scorer = model.serves->current();
  if (who.user) {
    const auto handle = people_.find(user_space_, *who.user);
    if (!handle) {
      return {};
    }
    const auto history = model.people->histories.history_of(*handle, why_);
    if (history->events.empty() && history->features->empty() &&
        !model.people->rows.admission_for(why_)->admits(*handle)) {
      return {true, {}, access_.refusal_of(*handle, why_)};
    }
    return {true, model.folds.fold_in(*history, *scorer), std::nullopt, handle, history};
  }
  std::vector<history_event> history;
  history.reserve(who.visited.size());
  const std::int64_t now = core::now_ms();
  for (const std::string& item : who.visited) {
    history.push_back({item, now, {}, std::numeric_limits<float>::quiet_NaN()});
  }
  return {false, fold_in(history, {}, *scorer, model.serves->how())};
}

// An item that the model knows, or one behind its catalogue where such are selected too.
static std::optional<item_position> known_item(const scorer& answers, const item_selections* selections,
                                               const std::string& id) {
  const auto item = answers.items().find(id);
  return item || selections == nullptr ? item : selections->further_item(id);
}

item_set answering::allowed_items(const question& what, const person_view& who, model_view& model,
                                  const scorer& answers, const item_selections* explored) {
  item_set allowed(explored == nullptr ? answers.items().size() : explored->items(), what.only.empty());
  for (const std::string& id : what.only) {
    if (const auto item = known_item(answers, explored, id); item && *item < allowed.size()) {
      allowed.insert(*item);
    }
  }
  for (const std::string& id : what.exclude) {
    if (const auto item = known_item(answers, explored, id); item && *item < allowed.size()) {
      allowed.erase(*item);
    }
  }
  if (!what.where.empty()) {
    std::vector<item_condition> conditions;
    conditions.reserve(what.where.size());
    for (const std::string& text : what.where) {
      conditions.push_back(item_condition::parse(text));
    }
    selections_of(model, answers)->keep_meeting(conditions, allowed);
  }
  if (is_given(what.filter)) {
    allowed.keep_only(passing_items(what.filter, what.who, who, model, answers).items);
  }
  return allowed;
}

answering::passing answering::passing_items(const filtering& filter, const asked& who, const person_view& person,
                                            model_view& model, const scorer& answers,
                                            std::optional<item_position> current) {
  const auto compiled = model.people->filter_of(filter.expression);
  const auto selections = selections_of(model, answers);
  const asked_facts facts({model.people->rows, why_, answers, model.folds, *selections},
                          {person.who, person.history, who.visited}, current);
  return {compiled->allowed(facts, filter.values), compiled->admits_unknown(), selections};
}

item_set answering::new_items(const question& what, const model_view& model, const item_selections& selections) {
  item_set fresh(selections.items());
  fresh.insert_all(model.serves->new_items());
  selections.insert_further(fresh);
  if (what.explore_days > 0) {
    const auto oldest =
        core::now_ms() - static_cast<std::int64_t>(what.explore_days * static_cast<double>(core::milliseconds_per_day));
    selections.insert_since(creation_column, oldest, fresh);
  }
  return fresh;
}

std::vector<std::map<std::string, std::string>> answering::metadata_of(const asked_model& which,
                                                                       std::span<const std::string> items,
                                                                       std::span<const std::string> columns) {
  const auto model = view_of(which);
  const auto scorer = model->serves->current();
  const auto selections = selections_of(*model, *scorer);
  std::vector<std::map<std::string, std::string>> known(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto item = scorer->items().find(items[i]);
    if (!item) {
      item = selections->further_item(items[i]);
    }
    for (const std::string& name : columns) {
      if (auto value = item ? selections->value_of(*item, name) : std::nullopt) {
        known[i].emplace(name, *std::move(value));
      }
    }
  }
  return known;
}

item_set answering::items_allowed(const asked_model& which, const filtering& filter) {
  const auto model = view_of(which);
  return passing_items(filter, {}, {}, *model, *model->serves->current()).items;
}

bool answering::knows_column(const asked_model& which, std::string_view item_column) {
  const auto& columns = view_of(which)->people->rows.description().items;
  return std::ranges::find(columns, item_column, &metadata_column::name) != columns.end();
}

answer answering::begin_answer(const model_view& model, const person_view& who) {
  const model_record& record = model.serves->record();
  answer begun{record.name, record.version, record.family, who.known, !who.folded.history.empty(), {}, {}};
  if (who.withheld) {
    begun.withheld = name_of(*who.withheld);
  }
  return begun;
}

answer answering::recommend(const asked_model& which, const question& what) {
  require_at_most(what.only, max_item_list, "only");
  require_at_most(what.exclude, max_item_list, "exclude");
  require_at_most(what.where, max_conditions, "where");
  if (what.explain > max_reasons) {
    throw error(errc::invalid_argument, fmt::format("explain must be 0 to {}, got {}", max_reasons, what.explain));
  }
  if (!(what.explore_days >= 0 && what.explore_days <= 36'500)) {
    throw error(errc::invalid_argument, "explore_days must be 0 to 36500");
  }
  const auto model = view_of(which);
  const auto who = person_of(what.who, *model);
  const auto scorer = model->serves->current();
  const bool filtered = is_given(what.filter) || !what.only.empty() || !what.exclude.empty() || !what.where.empty();
  const auto explored = what.explore > 0 ? selections_of(*model, *scorer) : nullptr;
  const item_set fresh = explored ? new_items(what, *model, *explored) : item_set(0);
  const item_set allowed = filtered ? allowed_items(what, who, *model, *scorer, explored.get()) : item_set(0);

  const auto people = model->serves->trained().people_by_item();
  const std::int64_t now = core::now_ms();
  recommendation_request request;
  request.who = who.folded.view(now);
  request.count = what.count;
  request.exclude_history = !what.include_history;
  request.allowed = filtered ? &allowed : nullptr;
  request.explore = {.share = what.explore, .new_items = what.explore > 0 ? &fresh : nullptr, .seed = what.seed};
  const shaped order = shape_for(what.shape, what.who, who, *model, *scorer);
  request.popularity = counts_of(people);
  request.factors = order.factors;
  request.vary = order.vary;
  answer result = begin_answer(*model, who);
  for (const auto& entry : recommend::recommend(*scorer, request)) {
    if (entry.item >= scorer->items().size()) {
      result.items.push_back({explored->further_id(entry.item), std::nullopt, true, {}});
      continue;
    }
    result.items.push_back({scorer->items().id(entry.item), finite(entry.score), entry.explored, {}});
    result.items.back().because = reasons(*scorer, request.who, entry.item, what.explain);
  }
  remember_shown(what.shape, who, *model, result);
  return result;
}

answer answering::rank(const asked_model& which, const asked& who, const std::vector<std::string>& items,
                       std::size_t explain, const filtering& filter, const shaping& shape) {
  require_at_most(items, max_item_list, "items");
  if (explain > max_reasons) {
    throw error(errc::invalid_argument, fmt::format("explain must be 0 to {}, got {}", max_reasons, explain));
  }
  const auto model = view_of(which);
  const auto person = person_of(who, *model);
  const auto scorer = model->serves->current();
  const bool filtered = is_given(filter);
  const passing pass = filtered ? passing_items(filter, who, person, *model, *scorer) : passing{item_set(0)};
  answer result = begin_answer(*model, person);
  const std::int64_t now = core::now_ms();
  std::vector<scored_item> scored;
  std::vector<answered_item> others;
  const auto people = model->serves->trained().people_by_item();
  for (const auto& entry : recommend::rank(*scorer, person.folded.view(now), items, counts_of(people))) {
    const std::string& id = items[entry.index];
    if (filtered) {
      const auto known = known_item(*scorer, pass.selections.get(), id);
      if (!(known ? pass.items.contains(*known) : pass.unknown)) {
        continue;
      }
    }
    if (const auto item = scorer->items().find(id); item && std::isfinite(entry.score)) {
      scored.push_back({*item, entry.score});
    } else {
      others.push_back({id, std::nullopt, false,
                        item ? reasons(*scorer, person.folded.view(now), *item, explain) : std::vector<reason>()});
    }
  }
  const shaped order = shape_for(shape, who, person, *model, *scorer);
  order.apply(*scorer, scored, scored.size());
  for (const scored_item& entry : scored) {
    result.items.push_back({scorer->items().id(entry.item), entry.score, false,
                            reasons(*scorer, person.folded.view(now), entry.item, explain)});
  }
  std::ranges::move(others, std::back_inserter(result.items));
  remember_shown(shape, person, *model, result);
  return result;
}

answer answering::similar(const asked_model& which, const std::string& item, std::size_t count, const filtering& filter,
                          const asked& who, const shaping& shape) {
  if (count > max_recommendations) {
    throw error(errc::invalid_argument, fmt::format("count must be at most {}, got {}", max_recommendations, count));
  }
  const auto model = view_of(which);
  const auto scorer = model->serves->current();
  const auto person = person_of(who, *model);
  const item_position current = item_of(*scorer, which.recommender, item);
  const bool filtered = is_given(filter);
  const passing pass = filtered ? passing_items(filter, who, person, *model, *scorer, current) : passing{item_set(0)};
  answer result = begin_answer(*model, person);
  result.personal = false;  // what they did is asked by the filter at most
  const shaped order = shape_for(shape, who, person, *model, *scorer, current);
  const bool all = filtered || !order.factors.empty();
  auto alike =
      scorer->similar(current, all ? scorer->items().size() : (order.vary.is_wanted() ? varied_from(count) : count));
  std::erase_if(alike, [&](const scored_item& one) { return filtered && !pass.items.contains(one.item); });
  order.apply(*scorer, alike, count);
  for (const scored_item& entry : alike) {
    result.items.push_back({scorer->items().id(entry.item), finite(entry.score), false, {}});
  }
  remember_shown(shape, person, *model, result);
  return result;
}

answer answering::explain(const asked_model& which, const asked& who, const std::string& item, std::size_t count) {
  if (count > max_reasons) {
    throw error(errc::invalid_argument, fmt::format("count must be at most {}, got {}", max_reasons, count));
  }
  const auto model = view_of(which);
  const auto person = person_of(who, *model);
  const auto scorer = model->serves->current();
  answer result = begin_answer(*model, person);
  const auto position = item_of(*scorer, which.recommender, item);
  result.items.push_back(
      {item, std::nullopt, false, reasons(*scorer, person.folded.view(core::now_ms()), position, count)});
  return result;
}

record_report answering::record(const std::string& dataset, std::span<const event> batch, const also_stored& also) {
  return dataset_of(dataset)->histories.record(batch, also);
}

std::shared_ptr<const person_history> answering::history_of(const std::string& dataset, core::subject_handle who) {
  return dataset_of(dataset)->histories.history_of(who, why_);
}

}  // namespace eunomia::recommend
