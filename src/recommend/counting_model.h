#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "recommend/family.h"
#include "recommend/learned_model.h"

namespace eunomia::recommend {

// The model behind popularity and trending, which differ in their weighting alone: for each item the sum of its pairs'
// weights. parameters: complete, as JSON.
std::unique_ptr<model> make_counting_model(std::string_view family, std::string parameters, preferences rows);
std::unique_ptr<model> load_counting_model(std::string_view family, const model_file& file);
memory_estimate memory_of_counting_model(const training_data& data);

// The sum of the weights of each item's pairs, in quanta.
std::vector<std::uint64_t> item_sums(const preferences& rows);

}  // namespace eunomia::recommend
