#include "recommend/session_knn.h"

#include "recommend/learned_model.h"
#include "recommend/parameters.h"
#include "recommend/session_index.h"
#include "recommend/session_knn_scorer.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "session-knn";

class session_knn_model final : public learned_model {
 public:
  session_knn_model(const session_knn_parameters& parameters, preferences rows)
      : learned_model(family_name, core::write_json(parameters), std::move(rows)), parameters_(parameters) {
    publish(make_scorer(session_index(learned_from(), parameters_)));
  }

  void save(const std::filesystem::path& file) const override {
    model_file_writer writer(file, family_name, parameters());
    writer.add("items", *learned_from().items);
    writer.add("learned", learned_from());
    writer.finish();
  }

 protected:
  std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows, const training_context&) override {
    std::vector<core::subject_handle> gone;  // rows ascend by handle
    for (const std::uint32_t row : rows) {
      gone.push_back(learned_from().subjects[row]);
    }
    return make_scorer(static_cast<const session_knn_scorer&>(*current()).index().without(gone));
  }

 private:
  std::shared_ptr<const scorer> make_scorer(session_index index) const {
    return std::make_shared<session_knn_scorer>(learned_from().items, std::move(index), parameters_);
  }

  session_knn_parameters parameters_;
};

class session_knn_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::exact; }
  std::string_view source() const noexcept override {
    return "session-based nearest neighbours, VMIS-kNN (Kersbergen, Sprangers, Schelter, SIGMOD 2022)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<session_knn_parameters>(family_name, parameters));
  }

  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned) const override {
    (void)read_parameters<session_knn_parameters>(family_name, parameters);
    const std::uint64_t index = data.events.size() * (8 + 24) + data.events.items->size() * 24;
    memory_estimate need = memory_of_preferences(data);
    need.training_bytes += index;
    need.model_bytes += 2 * index;  // two while one replaces the other
    return need;
  }

  std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                               const training_context& context) const override {
    auto chosen = read_parameters<session_knn_parameters>(family_name, parameters);
    require_memory(estimate(data, parameters, context.pool.size()), family_name, context);
    context.job.check();
    chosen.weighting = settled(chosen.weighting, data.events);
    return std::make_unique<session_knn_model>(chosen, learn_from(data, chosen.weighting, family_name));
  }

  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context&) const override {
    return std::make_unique<session_knn_model>(stored_parameters<session_knn_parameters>(family_name, *file),
                                               file->read_preferences("learned", file->read_catalogue("items")));
  }
};

}  // namespace

void check(const session_knn_parameters& parameters) {
  require_range(family_name, "recent_sessions", parameters.recent_sessions, 1U, 100'000U);
  require_range(family_name, "neighbours", parameters.neighbours, 1U, 100'000U);
  require_range(family_name, "last_items", parameters.last_items, 1U, 100U);
  require_range(family_name, "inactivity_hours", parameters.inactivity_hours, 0.0, 1e6);
  check(parameters.weighting, family_name);
}

const family& session_knn_family() {
  static const session_knn_family_object object;
  return object;
}

}  // namespace eunomia::recommend
