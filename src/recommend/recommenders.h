#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/published.h"
#include "core/purpose.h"
#include "recommend/answer.h"
#include "recommend/dataset.h"
#include "recommend/model_registry.h"
#include "recommend/people_leaving.h"
#include "recommend/recommender_definitions.h"
#include "store/sql/database.h"

namespace eunomia::recommend {

class training_session;

// A version that answers: immutable but for the scorer, which forgetting replaces. Any thread.
class served_model {
 public:
  served_model(model_record record, std::shared_ptr<model> answers);

  const model_record& record() const { return record_; }
  std::shared_ptr<const scorer> current() const { return model_->current(); }
  const model& trained() const { return *model_; }
  // The other is the same version, whatever either has forgotten since.
  bool same_training(const served_model& other) const { return model_ == other.model_; }
  const weighting& how() const { return how_; }
  // Items of the catalogue that nobody had an interaction with when it was trained.
  const item_set& new_items() const { return new_items_; }

 private:
  friend class recommenders;
  model_record record_;
  std::shared_ptr<model> model_;
  weighting how_;
  item_set new_items_;
};

// What one version of a model lost when people were forgotten.
struct forgotten_model {
  std::string name;  // of the recommender
  std::int64_t version = 0;
  std::string family;
  bool serving = false;
  std::uint64_t people = 0;  // of those asked, how many it held
  std::uint64_t pairs = 0;   // taken out
  forgetting_level level = forgetting_level::exact;
  double milliseconds = 0;
};

// What became of a version that learned from rows which are past their time.
struct expired_model {
  std::string name;  // of the recommender
  std::int64_t version = 0;
  std::string family;
  std::int64_t retrained = 0;  // the version that answers instead; 0: it was only removed
  double milliseconds = 0;
};

// The recommenders of a data directory: defined, trained, served, made to forget. Any number of threads ask served();
// one at a time trains a recommender; forgetting goes on beside both.
class recommenders {
 public:
  // Brings the schema of this room up to date. All must outlive it.
  recommenders(store::sql::database& sql, datasets& data, model_registry& models);
  ~recommenders();

  // Throws errc::already_exists; errc::not_found for a dataset that is not there; errc::invalid_argument for a family,
  // parameters or a policy that cannot be.
  recommender_record create(recommender_record wanted);
  // Changes what it learns, when and how many versions stay; not its dataset. Throws errc::not_found.
  recommender_record update(recommender_record wanted);
  // Throws errc::not_found with the names there are.
  recommender_record find(std::string_view name) const;
  std::vector<recommender_record> list() const;
  // With all its versions. Throws errc::not_found.
  void remove(std::string_view name);
  std::vector<model_record> versions(std::string_view name) const { return models_.versions(name); }

  // Loads the version that answers; forgets first whom it is to forget. Throws errc::failed_precondition when none is
  // trained.
  std::shared_ptr<const served_model> load(std::string_view name, const training_context& context);
  // Loads all that are trained. One that cannot be loaded is logged, and the others go on.
  void load_all(const training_context& context);
  // From here until load_all() has ended, what is not loaded is only not loaded yet.
  void expect_load_all() { loading_ = true; }
  // Throws errc::not_found when there is no such recommender, errc::failed_precondition when it is not loaded,
  // errc::unavailable while it may still be loaded.
  std::shared_ptr<const served_model> served(std::string_view name) const;

  // Trains anew, keeps it as the next version, and serves it; the old version answers until then, and after a failure,
  // which is kept in the record. People forgotten meanwhile are taken out before anything is kept.
  model_record train(std::string_view name, const core::purpose& why, const training_context& context);
  // The same with what was loaded before, for who wants to look at the choice first.
  model_record train(std::string_view name, const training_session& session, const training_context& context);
  // Another version answers from now on.
  model_record serve(std::string_view name, std::int64_t version, const training_context& context);
  // The recommenders that their policy wants to be trained now.
  std::vector<std::string> due() const;

  // Forgetting people is asked by an erasure (recommend/custodian.h), in this order.
  //
  // From before the request is durable until nothing of them is left, whatever is trained or loaded loses them.
  people_leaving& leaving() { return leaving_; }
  // What the served models lost.
  std::vector<forgotten_model> forget_in_memory(std::span<const core::subject_handle> gone,
                                                const training_context& context);
  // Every kept version of every model is saved without them; each is told, also where nothing was left of them. Throws
  // what stood in the way after all others were done.
  std::vector<forgotten_model> forget_on_disk(std::span<const core::subject_handle> gone,
                                              const training_context& context);
  // Every kept version of every model forgets who refuses to be read for the purpose (datasets::people_who_refuse);
  // what each lost, nothing when none held any of them. They learn from who is admitted again with their next training.
  std::vector<forgotten_model> forget_who_refuses(const core::purpose& why, const training_context& context);
  // How many of them each kept version holds, read from its file; those that hold nobody are left out.
  std::vector<forgotten_model> holding(std::span<const core::subject_handle> people,
                                       const training_context& context) const;

  // Removes the versions that learned from rows which left their dataset since because they were past their time. Where
  // one of them answers, another is trained first, unless nothing is left to learn from: then nothing answers any more.
  // Adds to done what became of each, and throws what stood in the way after all others were done.
  void renew_expired(const core::purpose& why, const training_context& context, std::vector<expired_model>& done);

  // Makes versions that only updated themselves bit-identical with a retrain, and saves them. Returns how many.
  std::size_t rederive(const training_context& context);
  // Since when there has been one that rederive() would change, UTC ms; a start of the process counts anew.
  std::optional<std::int64_t> inexact_since() const;

 private:
  struct slot;

  std::shared_ptr<slot> slot_of(std::string_view name);
  std::vector<std::shared_ptr<slot>> slots() const;
  // Serves a version that was loaded, without the people who are to be forgotten. The caller holds slot::changing.
  std::shared_ptr<const served_model> publish(slot& in, model_record record, std::shared_ptr<model> loaded,
                                              const training_context& context);
  std::vector<core::subject_handle> whom_it_must_not_hold(const model& trained, const core::purpose& why) const;
  void keep_failure(std::string_view name, std::string_view why);
  // What the model of the slot loses. The caller holds slot::changing.
  static forgotten_model forget_served(slot& in, std::span<const core::subject_handle> gone,
                                       const training_context& context);
  void forget_versions(const std::string& name, std::span<const core::subject_handle> gone,
                       const training_context& context, std::vector<forgotten_model>& lost);
  void renew_expired(const recommender_record& record, const core::purpose& why, const training_context& context,
                     std::vector<expired_model>& done);
  // 1, or 0 when it is exact. The caller holds slot::changing.
  std::size_t rederive_served(slot& in, const training_context& context);
  void note_inexact();

  store::sql::database& sql_;
  datasets& data_;
  model_registry& models_;
  std::atomic<bool> loading_ = false;
  mutable std::mutex mutex_;  // of slots_
  std::map<std::string, std::shared_ptr<slot>, std::less<>> slots_;
  people_leaving leaving_;
  std::atomic<std::int64_t> inexact_since_ = 0;  // UTC ms; 0: all kept versions are exact
};

}  // namespace eunomia::recommend
