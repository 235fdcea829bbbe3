#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "core/subject_handle.h"

namespace eunomia::recommend {

// Whom models may still hold though they are being erased: the people of erasures that wait, and those whose erasure
// waited when a training that is under way began, or came since. In memory: who waits is told at the start of the
// process (subject::erasures). Any thread.
class people_leaving {
 public:
  // From before the request is durable. gone: ascending, each once.
  void expect(std::span<const core::subject_handle> gone);
  void expect_no_more(std::span<const core::subject_handle> gone);

  // Whom a model that was trained or loaded may hold, and must not: ascending, each once.
  std::vector<core::subject_handle> whom_models_may_hold() const;

  // A training takes one before it reads the first row.
  class training {
   public:
    explicit training(people_leaving& in);
    ~training();
    training(const training&) = delete;
    training& operator=(const training&) = delete;

   private:
    people_leaving& in_;
  };

 private:
  mutable std::mutex mutex_;                                // of what follows
  std::vector<core::subject_handle> waiting_;               // several erasures may be of one person
  std::vector<core::subject_handle> since_training_began_;  // as trainings may have read their rows
  std::size_t trainings_ = 0;
};

}  // namespace eunomia::recommend
