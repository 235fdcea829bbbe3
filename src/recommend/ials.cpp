#include "recommend/ials.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "recommend/feature_builder.h"
#include "recommend/ials_scorer.h"
#include "recommend/ials_trainer.h"
#include "recommend/learned_model.h"
#include "recommend/parameters.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "ials";

ials_objective objective_of(const ials_parameters& parameters) {
  return {parameters.regularisation, parameters.unobserved_weight, parameters.regularisation_exponent};
}

// Iterates until the item factors move less than the tolerance.
void converge(ials_trainer& trainer, const ials_parameters& parameters, std::uint32_t iterations,
              std::string_view stage, core::job& job) {
  for (std::uint32_t i = 0; i < iterations; ++i) {
    job.report(stage, i, iterations);
    job.check();
    if (trainer.iterate() < parameters.tolerance) {
      break;
    }
  }
  job.check();
  job.report(stage, iterations, iterations);
}

class ials_model final : public learned_model {
 public:
  // Without a scorer yet.
  ials_model(const ials_parameters& parameters, preferences rows, row_features users, row_features items,
             std::shared_ptr<const catalogue> user_feature_names)
      : learned_model(family_name, core::write_json(parameters), std::move(rows)),
        parameters_(parameters),
        user_feature_names_(std::move(user_feature_names)),
        users_(std::move(users)),
        items_(std::move(items)) {}

  void show(item_factors factors) { publish(scorer_of(std::move(factors))); }

  forget_report forget(std::span<const core::subject_handle> gone, const training_context& context) override {
    forget_report report = learned_model::forget(gone, context);
    report.level = report.subjects > 0 ? forgetting_level::converged : forgetting_level::exact;
    return report;
  }

  void rederive(const training_context& context) override {
    ials_trainer trainer(learned_from(), users_, items_, objective_of(parameters_), parameters_.feature_regularisation,
                         {context.pool, context.job});
    trainer.start(parameters_.factors, parameters_.stddev, parameters_.seed);
    converge(trainer, parameters_, parameters_.iterations, "training ials", context.job);
    show(trainer.finish());
  }

  void save(const std::filesystem::path& file) const override {
    const auto answers = current();
    const item_factors& factors = static_cast<const ials_scorer&>(*answers).factors();
    model_file_writer writer(file, family(), parameters());
    writer.add("items", *learned_from().items);
    writer.add("learned", learned_from());
    writer.add("user_feature_names", *user_feature_names_);
    writer.add("item_factors", factors.rows.all());
    writer.add("spread", factors.spread);
    writer.add("known", factors.known);
    writer.add("item_weights", factors.item_weights.all());
    writer.add("user_weights", factors.user_weights.all());
    for (const auto& [prefix, features] : {std::pair{"item_features", &items_}, {"user_features", &users_}}) {
      const std::uint32_t count = features->features;
      writer.add(fmt::format("{}.count", prefix), std::span(&count, 1));
      writer.add(fmt::format("{}.begin", prefix), features->begin);
      writer.add(fmt::format("{}.values", prefix), features->values);
    }
    writer.finish();
  }

 protected:
  std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows,
                                               const training_context& context) override {
    std::vector<core::subject_handle> gone;
    for (const std::uint32_t row : rows) {
      gone.push_back(learned_from().subjects[row]);
    }
    const preferences rest = learned_from().without(gone);
    remaining_users_ = users_.without(rows);
    ials_trainer trainer(rest, remaining_users_, items_, objective_of(parameters_), parameters_.feature_regularisation,
                         {context.pool, context.job});
    trainer.resume(static_cast<const ials_scorer&>(*current()).factors());
    converge(trainer, parameters_, parameters_.forgetting_iterations, "forgetting", context.job);
    return scorer_of(trainer.finish());
  }

  void commit(std::span<const std::uint32_t>) noexcept override { users_ = std::move(remaining_users_); }

 private:
  std::shared_ptr<const scorer> scorer_of(item_factors factors) const {
    return std::make_shared<ials_scorer>(learned_from().items, std::move(factors), objective_of(parameters_),
                                         parameters_.history, user_feature_names_);
  }

  ials_parameters parameters_;
  std::shared_ptr<const catalogue> user_feature_names_;
  row_features users_;  // of the rows of learned_from()
  row_features items_;
  row_features remaining_users_;  // from scorer_without() to commit()
};

// Without the columns that it is not to learn of; nothing where it learns of all.
std::optional<side_features> chosen_features(const side_features& all, const ials_parameters& parameters) {
  if (!parameters.item_columns && !parameters.user_columns) {
    return std::nullopt;
  }
  side_features kept;
  kept.items = parameters.item_columns ? of_columns(all.items, *parameters.item_columns) : all.items;
  kept.users = parameters.user_columns ? of_columns(all.users, *parameters.user_columns) : all.users;
  kept.user_subjects = all.user_subjects;
  return kept;
}

// Features are found again by their names, whatever the next data set numbers them.
std::shared_ptr<const catalogue> names_of(const feature_matrix& features) {
  if (std::adjacent_find(features.names.begin(), features.names.end(), std::greater_equal<>()) !=
      features.names.end()) {
    throw core::error(core::errc::invalid_argument,
                      "ials: the names of side features must be distinct and in byte order");
  }
  return std::make_shared<const catalogue>(features.names);
}

// How many subjects there are.
std::uint64_t subjects_of(const interactions& events) {
  std::unordered_set<core::subject_handle> seen;
  core::subject_handle last;
  for (const core::subject_handle subject : events.subject) {
    if (seen.empty() || subject != last) {
      seen.insert(subject);
      last = subject;
    }
  }
  return seen.size();
}

memory_estimate memory_of(const training_data& data, const ials_parameters& parameters, unsigned threads) {
  const std::uint64_t users = subjects_of(data.events);
  const std::uint64_t items = data.events.items->size();
  const std::uint64_t d = factor_matrix::stride_of(parameters.factors);
  const auto rows = [&](std::uint64_t count) { return factor_matrix::bytes_of(count, parameters.factors); };
  const std::uint64_t feature_values = data.features.items.values.size() + data.features.users.values.size();
  const std::uint64_t features = data.features.items.names.size() + data.features.users.names.size();
  constexpr std::uint64_t column_bytes = 6;  // a pair in the transposed matrix
  constexpr std::uint64_t gram_blocks = 64;  // partial sums held at a time
  constexpr std::uint64_t squares = 12;      // Gram and basis in float32 and double, and what finds one from the other
  const std::uint64_t side = feature_values * sizeof(feature_value) + rows(features);
  memory_estimate need = memory_of_preferences(data);
  const std::uint64_t events = data.events.size();
  need.training_bytes += events * column_bytes;
  need.training_bytes += rows(users) + rows(items) + rows(std::max(users, items)) / 2;
  need.training_bytes += (gram_blocks + squares) * d * d * sizeof(float) + threads * rows(256);
  need.training_bytes += 4 * side + (features > 0 ? rows(users) + rows(items) : 0);
  need.model_bytes += 2 * (rows(items) + side);  // two while one replaces the other
  return need;
}

row_features read_features(const model_file& file, const std::string& prefix, std::size_t rows) {
  row_features result;
  const auto count = file.array<std::uint32_t>(prefix + ".count");
  const auto begin = file.array<std::uint64_t>(prefix + ".begin");
  const auto values = file.array<feature_value>(prefix + ".values");
  if (count.size() != 1) {
    file.refuse(fmt::format("section {}.count has {} entries instead of 1", prefix, count.size()));
  }
  result.features = count[0];
  result.begin.assign(begin.view().begin(), begin.view().end());
  result.values.assign(values.view().begin(), values.view().end());
  const bool sound = result.empty()
                         ? result.values.empty()
                         : result.begin.size() == rows + 1 && result.begin.front() == 0 &&
                               result.begin.back() == result.values.size() &&
                               std::is_sorted(result.begin.begin(), result.begin.end()) &&
                               std::all_of(result.values.begin(), result.values.end(),
                                           [&](const feature_value& value) { return value.feature < result.features; });
  if (!sound) {
    file.refuse(fmt::format("the sections {}.* contradict each other", prefix));
  }
  return result;
}

void require_finite(const model_file& file, std::string_view name, std::span<const float> values) {
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    file.refuse(fmt::format("section {} holds a value that is no finite number", name));
  }
}

factor_matrix read_factors(const model_file& file, std::string_view name, std::size_t rows, std::size_t factors) {
  const auto stored = file.array<float>(name);
  // Before there is a matrix: the file may promise more than there is memory.
  if (const std::uint64_t expected = rows * factor_matrix::stride_of(factors); stored.size() != expected) {
    file.refuse(fmt::format("section {} has {} entries instead of {}", name, stored.size(), expected));
  }
  require_finite(file, name, stored.view());
  factor_matrix result(rows, factors);
  std::copy(stored.view().begin(), stored.view().end(), result.data());
  return result;
}

class ials_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::converged; }
  std::string_view source() const noexcept override {
    return "matrix factorisation of implicit feedback (Hu, Koren, Volinsky, ICDM 2008) in the form of Rendle, "
           "Krichene, "
           "Zhang, Koren (RecSys 2022), with side features as priors (Agarwal, Chen, KDD 2009)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<ials_parameters>(family_name, parameters));
  }

  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned threads) const override {
    return memory_of(data, read_parameters<ials_parameters>(family_name, parameters), threads);
  }

  std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                               const training_context& context) const override {
    auto chosen = read_parameters<ials_parameters>(family_name, parameters);
    require_memory(memory_of(data, chosen, context.pool.size()), family_name, context);
    context.job.check();
    chosen.weighting = settled(chosen.weighting, data.events);
    preferences rows = learn_from(data, chosen.weighting, family_name);
    const auto chosen_alone = chosen_features(data.features, chosen);
    const side_features& features = chosen_alone ? *chosen_alone : data.features;
    row_features users = user_features(features, rows.subjects);
    row_features items = item_features(features.items, rows.items->size());
    auto trained = std::make_unique<ials_model>(chosen, std::move(rows), std::move(users), std::move(items),
                                                names_of(features.users));
    trained->rederive(context);
    return trained;
  }

  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context&) const override {
    const auto chosen = stored_parameters<ials_parameters>(family_name, *file);
    const auto items = file->read_catalogue("items");
    preferences rows = file->read_preferences("learned", items);
    row_features user_side = read_features(*file, "user_features", rows.rows());
    row_features item_side = read_features(*file, "item_features", items->size());
    item_factors factors;
    factors.rows = read_factors(*file, "item_factors", items->size(), chosen.factors);
    factors.item_weights = read_factors(*file, "item_weights", item_side.features, chosen.factors);
    factors.user_weights = read_factors(*file, "user_weights", user_side.features, chosen.factors);
    const auto spread = file->array<float>("spread");
    const auto known = file->array<std::uint8_t>("known");
    if (spread.size() != factors.rows.stride() || known.size() != items->size()) {
      file->refuse("the sections spread and known do not fit the item factors");
    }
    require_finite(*file, "spread", spread.view());
    if (std::any_of(known.view().begin(), known.view().end(), [](std::uint8_t flag) { return flag > 2; })) {
      file->refuse("section known has a value other than 0, 1 and 2");
    }
    factors.spread.assign(spread.view().begin(), spread.view().end());
    factors.known.assign(known.view().begin(), known.view().end());
    factors.learned = static_cast<std::uint32_t>(std::count(factors.known.begin(), factors.known.end(), 1));
    auto names = file->read_catalogue("user_feature_names");
    if (!user_side.empty() && names->size() != user_side.features) {
      file->refuse(fmt::format("it has {} names of {} user features", names->size(), user_side.features));
    }
    auto loaded = std::make_unique<ials_model>(chosen, std::move(rows), std::move(user_side), std::move(item_side),
                                               std::move(names));
    loaded->show(std::move(factors));
    return loaded;
  }
};

}  // namespace

void check(const ials_parameters& parameters) {
  require_range(family_name, "factors", parameters.factors, 1U, 2048U);
  require_range(family_name, "regularisation", parameters.regularisation, 1e-8, 1e4);
  require_range(family_name, "unobserved_weight", parameters.unobserved_weight, 1e-6, 1e3);
  require_range(family_name, "regularisation_exponent", parameters.regularisation_exponent, 0.0, 2.0);
  require_range(family_name, "iterations", parameters.iterations, 1U, 1000U);
  require_range(family_name, "tolerance", parameters.tolerance, 0.0, 1.0);
  require_range(family_name, "stddev", parameters.stddev, 1e-6, 10.0);
  require_range(family_name, "feature_regularisation", parameters.feature_regularisation, 1e-6, 1e6);
  require_range(family_name, "forgetting_iterations", parameters.forgetting_iterations, 1U, 100U);
  check(parameters.weighting, family_name);
  check(parameters.history, family_name);
}

const family& ials_family() {
  static const ials_family_object object;
  return object;
}

}  // namespace eunomia::recommend
