#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "recommend/model.h"
#include "recommend/model_file.h"

namespace eunomia::recommend {

// What a training learns from.
struct training_data {
  const interactions& events;
  const side_features& features;
};

// A kind of model. Each is one folder-mate pair of files (ease.h, ease.cpp) that defines its family object; families()
// in family.cpp lists them all. parameters is a JSON object of the family's own parameters and "weighting"; members
// left out take their defaults; errc::invalid_argument names a member that is unknown or out of range.
class family {
 public:
  virtual ~family() = default;

  virtual std::string_view name() const noexcept = 0;
  // How this family forgets, and the paper or formula it implements, for people.
  virtual forgetting_level forgets() const noexcept = 0;
  virtual std::string_view source() const noexcept = 0;
  // The parameters with every default filled in; throws as train() would.
  virtual std::string complete(std::string_view parameters) const = 0;

  virtual memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned threads) const = 0;
  // Throws errc::failed_precondition when there is too little to learn from, errc::resource_exhausted with the
  // estimate when it would not fit, errc::cancelled.
  virtual std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                                       const training_context& context) const = 0;
  virtual std::unique_ptr<model> load(std::shared_ptr<const model_file> file,
                                      const training_context& context) const = 0;
};

// Every family, in the order of their names' simplicity: popularity, trending, item-knn, session-knn, ease, ials.
std::span<const family* const> families();
// One of these, or "imported" (imported.h). Throws errc::not_found with the names there are.
const family& family_named(std::string_view name);
// How a model was told to turn events into preferences: what a history that it is asked about must be prepared with.
weighting weighting_of(const model& trained);
// Opens a model file of any family.
std::unique_ptr<model> load_model(const std::filesystem::path& file, const training_context& context);

}  // namespace eunomia::recommend
