#pragma once

#include <span>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "subject/custody/custodian.h"

namespace eunomia::recommend {

// While it lives, every dataset refuses what these people (ascending, each once) do, and what is trained or loaded
// loses them; the latter goes on after kept().
class held_back final : public subject::erasure_guard {
 public:
  held_back(datasets& data, recommenders& all, std::span<const core::subject_handle> people);
  ~held_back() override;
  held_back(const held_back&) = delete;
  held_back& operator=(const held_back&) = delete;

  void kept() noexcept override { kept_ = true; }

 private:
  recommenders& all_;
  std::vector<core::subject_handle> people_;
  std::vector<forgetting> closed_;
  bool kept_ = false;
};

}  // namespace eunomia::recommend
