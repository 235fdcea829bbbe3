#include "recommend/people_leaving.h"

#include <algorithm>
#include <iterator>

#include "core/subject_handles.h"

namespace eunomia::recommend {

using core::subject_handle;

std::vector<subject_handle> people_leaving::whom_models_may_hold() const {
  const std::lock_guard lock(mutex_);
  std::vector<subject_handle> all = waiting_;
  all.insert(all.end(), since_training_began_.begin(), since_training_began_.end());
  core::sort_and_unite(all);
  return all;
}

void people_leaving::expect(std::span<const subject_handle> gone) {
  const std::lock_guard lock(mutex_);
  waiting_.insert(waiting_.end(), gone.begin(), gone.end());
  if (trainings_ > 0) {
    since_training_began_.insert(since_training_began_.end(), gone.begin(), gone.end());
  }
}

void people_leaving::expect_no_more(std::span<const subject_handle> gone) {
  const std::lock_guard lock(mutex_);
  std::sort(waiting_.begin(), waiting_.end());
  // Each once: somebody else may have asked for the same person.
  std::vector<subject_handle> left;
  std::set_difference(waiting_.begin(), waiting_.end(), gone.begin(), gone.end(), std::back_inserter(left));
  waiting_ = std::move(left);
}

people_leaving::training::training(people_leaving& in) : in_(in) {
  const std::lock_guard lock(in_.mutex_);
  // Those who wait may be done, and waited for no more, before the training has read the rows that they leave behind.
  in_.since_training_began_.insert(in_.since_training_began_.end(), in_.waiting_.begin(), in_.waiting_.end());
  ++in_.trainings_;
}

people_leaving::training::~training() {
  const std::lock_guard lock(in_.mutex_);
  if (--in_.trainings_ == 0) {
    in_.since_training_began_.clear();
  }
}

}  // namespace eunomia::recommend
