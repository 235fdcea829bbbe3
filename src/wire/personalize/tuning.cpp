#include "wire/personalize/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "recommend/family.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;

constexpr std::size_t max_trainings = 40;  // AWS's limit

const json_value* hpo_in(const json_value& config) {
  return member_of(config, "hpoConfig");
}

// Calls visit(the list's name, an entry) for all ranges that a client gives.
template <class Visit>
void visit_ranges(const json_value& config, const Visit& visit) {
  const json_value* const hpo = hpo_in(config);
  const json_value* const ranges = hpo == nullptr ? nullptr : member_of(*hpo, "algorithmHyperParameterRanges");
  for (const char* const name :
       {"integerHyperParameterRanges", "continuousHyperParameterRanges", "categoricalHyperParameterRanges"}) {
    const json_value* const list = ranges == nullptr ? nullptr : member_of(*ranges, name);
    for (std::size_t i = 0; list != nullptr && i < list->elements().size(); ++i) {
      visit(std::string_view(name), list->elements()[i]);
    }
  }
}

[[noreturn]] void refuse(std::string_view list, std::string_view name, const std::string& what) {
  throw core::error(errc::invalid_argument,
                    fmt::format("hpoConfig.algorithmHyperParameterRanges.{}: {}: {}", list, name, what));
}

struct range {
  double least = 0;
  double most = 0;
};

range range_of(std::string_view list, const hyperparameter& of, const json_value& given) {
  const range wanted{number_of(given, "minValue").value_or(of.least), number_of(given, "maxValue").value_or(of.most)};
  if (!(wanted.least >= of.least && wanted.least <= wanted.most && wanted.most <= of.most)) {
    refuse(list, of.name, fmt::format("{} to {} is not within {} to {}", wanted.least, wanted.most, of.least, of.most));
  }
  return wanted;
}

std::size_t trainings_wanted(const json_value& config) {
  const json_value* const hpo = hpo_in(config);
  const json_value* const resources = hpo == nullptr ? nullptr : member_of(*hpo, "hpoResourceConfig");
  const auto text = resources == nullptr ? std::nullopt : text_of(*resources, "maxNumberOfTrainingJobs");
  if (!text) {
    return max_trainings;
  }
  std::size_t wanted = 0;
  const auto [end, fault] = std::from_chars(text->data(), text->data() + text->size(), wanted);
  if (fault != std::errc() || end != text->data() + text->size() || wanted == 0 || wanted > max_trainings) {
    throw core::error(errc::invalid_argument,
                      fmt::format("hpoConfig.hpoResourceConfig.maxNumberOfTrainingJobs: must be 1 to {}, got \"{}\"",
                                  max_trainings, *text));
  }
  return wanted;
}

// The least, the middle and the greatest, each once; the middle by ratio where the range allows it.
std::vector<double> values_in(const range& of, bool whole) {
  const double middle = of.least > 0 ? std::sqrt(of.least * of.most) : (of.least + of.most) / 2;
  std::set<double> values;
  for (const double value : {of.least, middle, of.most}) {
    values.insert(whole ? std::round(value) : value);
  }
  return {values.begin(), values.end()};
}

// The object with the members of another in the place of its own; objects within both likewise.
json_value overlaid(json_value base, const json_value& changes) {
  for (std::size_t i = 0; i < changes.names().size(); ++i) {
    const std::string& name = changes.names()[i];
    const json_value& value = changes.elements()[i];
    const json_value* const there = member_of(base, name);
    const bool both =
        there != nullptr && there->type() == json_value::kind::object && value.type() == json_value::kind::object;
    base = with(std::move(base), name, both ? overlaid(*there, value) : value);
  }
  return base;
}

// Whether an earlier training would give the very same.
bool is_known(const std::vector<recommend::candidate>& all, const recommend::candidate& one) {
  return std::ranges::any_of(all, [&](const auto& other) { return other.parameters == one.parameters; });
}

// What of a grid is tried by chance covers every range, however little is tried (Bergstra, Bengio: Random search for
// hyper-parameter optimization, JMLR 2012). The same each time, so that a job that is begun anew does the same.
void shuffle_all_but_first(std::vector<recommend::candidate>& all) {
  std::mt19937_64 random;  // NOLINT(cert-msc51-cpp): the same each time
  for (std::size_t i = all.size() - 1; i > 1; --i) {
    std::swap(all[i], all[1 + random() % i]);
  }
}

// "weighting.half_life_days": "180" for every number that differs.
void show_changes(const json_value& base, const json_value& now, const std::string& place, json_value& shown) {
  for (std::size_t i = 0; i < now.names().size(); ++i) {
    const std::string name = place.empty() ? now.names()[i] : fmt::format("{}.{}", place, now.names()[i]);
    const json_value& value = now.elements()[i];
    const json_value* const before = member_of(base, now.names()[i]);
    if (value.type() == json_value::kind::object) {
      show_changes(before == nullptr ? json_value::of_object() : *before, value, name, shown);
    } else if (before == nullptr || core::write_json(*before) != core::write_json(value)) {
      shown = with(std::move(shown), name, core::write_json(value));
    }
  }
}

}  // namespace

void check_tuning(const recipe& of, const json_value& config) {
  visit_ranges(config, [&](std::string_view list, const json_value& one) {
    const std::string name = text_of(one, "name").value_or("");
    if (list.starts_with("categorical")) {
      if (name != "recency_mask") {  // the only one there is, and without a meaning here
        refuse(list, name, fmt::format("{} has no such hyperparameter", of.name));
      }
      return;
    }
    const auto known = std::ranges::find(of.hyperparameters, std::string_view(name), &hyperparameter::name);
    if (known == of.hyperparameters.end()) {
      refuse(list, name, fmt::format("{} has no such hyperparameter", of.name));
    }
    range_of(list, *known, one);
  });
  trainings_wanted(config);
}

std::vector<recommend::candidate> tuning_candidates(const recipe& of, const json_value& config,
                                                    const recommend::candidate& base) {
  const recommend::family& family = recommend::family_named(base.family);
  const json_value parameters = core::parse_json(base.parameters);
  std::vector<json_value> points = {parameters};
  for (const recommend::candidate& neighbour : recommend::default_candidates()) {
    if (neighbour.family == base.family) {
      points.push_back(overlaid(parameters, core::parse_json(neighbour.parameters)));
    }
  }
  for (const hyperparameter& one : of.hyperparameters) {
    if (one.ours.empty() || member_of(parameters, one.ours) == nullptr) {
      continue;
    }
    range within{one.least, one.most};
    visit_ranges(config, [&](std::string_view list, const json_value& given) {
      if (text_of(given, "name") == one.name) {
        within = range_of(list, one, given);
      }
    });
    std::vector<json_value> next = points;
    for (const double value : values_in(within, one.whole)) {
      const double ours = std::max(value, one.least_of_ours.value_or(value));
      for (const json_value& point : points) {
        next.push_back(with(point, one.ours, one.whole ? of_integer(static_cast<std::int64_t>(ours)) : of_real(ours)));
      }
    }
    points = std::move(next);
  }
  std::vector<recommend::candidate> all;
  for (const json_value& point : points) {
    const recommend::candidate one{base.family, family.complete(core::write_json(point))};
    if (!is_known(all, one)) {
      all.push_back(one);
    }
  }
  if (const std::size_t wanted = trainings_wanted(config); all.size() > wanted) {
    shuffle_all_but_first(all);
    all.resize(wanted);
  }
  return all;
}

tuned tune(const house& in, const recipe& of, const json_value& config, const recommend::candidate& base,
           const recommend::dataset& from, core::job& job) {
  const auto candidates = tuning_candidates(of, config, base);
  const recommend::training_context context = in.background.context(job);
  const auto events = from.load_interactions(in.purpose, in.work_pool, job);
  const auto features = from.load_features(*events.items, in.purpose, in.work_pool, job);
  tuned best{recommend::select_model({events, features}, candidates, context).winner(), json_value::of_object()};
  const json_value parameters = core::parse_json(best.what.parameters);
  json_value told = core::parse_json(candidates.front().parameters);
  for (const hyperparameter& one : of.hyperparameters) {
    if (const json_value* const value = one.ours.empty() ? nullptr : member_of(parameters, one.ours)) {
      best.shown = with(std::move(best.shown), one.name, core::write_json(*value));
      told = with(std::move(told), one.ours, *value);
    }
  }
  show_changes(told, parameters, "", best.shown);
  return best;
}

}  // namespace eunomia::wire::personalize
