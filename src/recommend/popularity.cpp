#include "recommend/popularity.h"

#include "recommend/counting_model.h"
#include "recommend/parameters.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "popularity";

class popularity_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::exact; }
  std::string_view source() const noexcept override {
    return "the number of people who have an item, by strength (TopPop in Cremonesi, Koren, Turrin, RecSys 2010)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<popularity_parameters>(family_name, parameters));
  }

  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned) const override {
    (void)read_parameters<popularity_parameters>(family_name, parameters);
    return memory_of_counting_model(data);
  }

  std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                               const training_context& context) const override {
    auto chosen = read_parameters<popularity_parameters>(family_name, parameters);
    require_memory(memory_of_counting_model(data), family_name, context);
    context.job.check();
    chosen.weighting = settled(chosen.weighting, data.events);
    return make_counting_model(family_name, core::write_json(chosen), learn_from(data, chosen.weighting, family_name));
  }

  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context&) const override {
    return load_counting_model(family_name, *file);
  }
};

}  // namespace

void check(const popularity_parameters& parameters) {
  check(parameters.weighting, family_name);
}

const family& popularity_family() {
  static const popularity_family_object object;
  return object;
}

}  // namespace eunomia::recommend
