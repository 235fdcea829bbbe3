#include "recommend/held_back.h"

namespace eunomia::recommend {

held_back::held_back(datasets& data, recommenders& all, std::span<const core::subject_handle> people)
    : all_(all), people_(people.begin(), people.end()) {
  for (const auto& description : data.list()) {
    closed_.push_back(data.open(description.name).begin_forgetting(people));
  }
  all_.leaving().expect(people_);
}

held_back::~held_back() {
  if (!kept_) {
    all_.leaving().expect_no_more(people_);
  }
}

}  // namespace eunomia::recommend
