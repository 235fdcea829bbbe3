// What an answer is beside relevant: by weights, merits, circumstances, diversity and rotation.
#include <algorithm>
#include <functional>

#include "core/time.h"
#include "recommend/answering_views.h"
#include "recommend/asked_facts.h"
#include "recommend/import_reader.h"
#include "recommend/item_weighing.h"

namespace eunomia::recommend {

namespace {

// Likenesses and scores alike: see recommendation_request::factors.
void weigh(std::vector<scored_item>& list, std::span<const float> factors) {
  std::erase_if(list, [&](const scored_item& one) { return !(factors[one.item] > 0); });
  for (scored_item& one : list) {
    one.score = one.score < 0 ? one.score / factors[one.item] : one.score * factors[one.item];
  }
  std::ranges::stable_sort(list, std::greater(), &scored_item::score);
}

}  // namespace

void answering::shaped::apply(const scorer& model, std::vector<scored_item>& list, std::size_t count) const {
  if (!factors.empty()) {
    weigh(list, factors);
  }
  if (vary.is_wanted()) {
    list.resize(std::min(list.size(), varied_from(count)));
    list = recommend::vary(model, list, count, vary);
  }
  list.resize(std::min(list.size(), count));
}

answering::shaped answering::shape_for(const shaping& how, const asked& who, const person_view& person,
                                       model_view& model, const scorer& answers, std::optional<item_position> current) {
  how.rotate.check();
  shaped made;
  made.vary.diversity = how.diversity;
  made.vary.merits = merits_for(how.by, model, answers);
  if (how.weighing != nullptr) {
    const auto selections = selections_of(model, answers);
    made.factors.assign(answers.items().size(), 1.0F);
    how.weighing->weigh(asked_facts({model.people->rows, why_, answers, model.folds, *selections},
                                    {person.who, person.history, who.visited}, current),
                        made.factors);
  }
  weigh_by_context(how.context, model, answers, made.factors);
  if (how.rotate.rate > 0 && person.who) {
    auto kept = model.people->shown.kept(*person.who, how.rotate, core::now_ms());
    if (!kept.empty()) {
      made.vary.kept = [kept = std::move(kept), &answers](item_position item) {
        const auto found = kept.find(shown_lately::digest_of(answers.items().id(item)));
        return found == kept.end() ? 1.0 : found->second;
      };
    }
  }
  return made;
}

std::vector<merit> answering::merits_for(const emphasis& how, model_view& model, const scorer& answers) {
  std::vector<merit> merits;
  if (how.popularity != 0) {
    merits.push_back({how.popularity, [people = model.serves->trained().people_by_item()](item_position item) {
                        return people != nullptr && item < people->size()
                                   ? std::optional(static_cast<double>((*people)[item]))
                                   : std::nullopt;
                      }});
  }
  if (how.freshness != 0) {
    merits.push_back({how.freshness, [known = selections_of(model, answers)](item_position item) {
                        const auto text = known->value_of(item, creation_column);
                        return text ? std::optional(static_cast<double>(core::parse_timestamp(*text))) : std::nullopt;
                      }});
  }
  if (how.of_column != 0) {
    merits.push_back({how.of_column, [known = selections_of(model, answers), column = how.column](item_position item) {
                        const auto text = known->value_of(item, column);
                        return text ? number_of(*text) : std::nullopt;
                      }});
  }
  return merits;
}

void answering::weigh_by_context(const std::map<std::string, std::string>& context, model_view& model,
                                 const scorer& answers, std::vector<float>& factors) {
  const dataset& rows = model.people->rows;
  for (const auto& [name, value] : context) {
    const std::string column = upper(name);
    const auto& declared = rows.description().interactions;
    if (std::ranges::find(declared, column, &metadata_column::name) == declared.end()) {
      continue;
    }
    const auto counts = model.people->contexts.of(column, rows.admission_for(why_)->era(), [&] {
      core::thread_pool apart(1);  // whoever is to be forgotten does not wait for this
      core::job quiet;
      return rows.count_values(column, why_, apart, quiet);
    });
    const auto lift = model.lifts.of(column, value, counts, answers.shared_items());
    if (lift == nullptr) {
      continue;
    }
    factors.resize(answers.items().size(), 1.0F);
    for (std::size_t item = 0; item < factors.size(); ++item) {
      factors[item] *= (*lift)[item];
    }
  }
}

void answering::remember_shown(const shaping& how, const person_view& person, model_view& model, const answer& given) {
  if (how.rotate.rate == 0 || !person.who || given.items.empty()) {
    return;
  }
  std::vector<std::uint64_t> items;
  items.reserve(given.items.size());
  for (const answered_item& one : given.items) {
    items.push_back(shown_lately::digest_of(one.item));
  }
  model.people->shown.add(*person.who, items, core::now_ms());
}

}  // namespace eunomia::recommend
