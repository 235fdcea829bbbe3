#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/family.h"
#include "recommend/item_popularity.h"
#include "recommend/model.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// What the models have in common that follow exactly from their preferences, so that forgetting a person is to take
// out a row: the rows, the scorer that answers meanwhile, and the order in which one replaces the other.
class learned_model : public model {
 public:
  std::string_view family() const noexcept override { return family_; }
  std::string parameters() const override { return parameters_; }
  const preferences& learned_from() const override { return rows_; }
  std::shared_ptr<const scorer> current() const override;
  std::shared_ptr<const item_popularity::counts> people_by_item() const override { return popularity_.now(); }
  forget_report forget(std::span<const core::subject_handle> gone, const training_context& context) override;

 protected:
  // rows: ascending positions in learned_from(). first may be set later with publish().
  learned_model(std::string_view family, std::string parameters, preferences rows);

  void publish(std::shared_ptr<const scorer> next);

  // The scorer of a model without these rows; changes nothing. Called before commit().
  virtual std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows,
                                                       const training_context& context) = 0;
  // Takes the rows out of what else the model keeps beside its preferences, just before they leave those.
  virtual void commit(std::span<const std::uint32_t> rows) noexcept { (void)rows; }

 private:
  std::string family_;
  std::string parameters_;
  preferences rows_;
  item_popularity popularity_;
  mutable std::mutex mutex_;  // of scorer_
  std::shared_ptr<const scorer> scorer_;
};

// The preferences that a family learns from. Throws errc::failed_precondition when there are none, with the remedy.
preferences learn_from(const training_data& data, const weighting& how, std::string_view family);

// Throws errc::resource_exhausted, with both figures and the remedy, when training would need more than the context
// allows.
void require_memory(const memory_estimate& need, std::string_view family, const training_context& context);

// What prepare() and the preferences that a model keeps take: part of every estimate.
memory_estimate memory_of_preferences(const training_data& data);

}  // namespace eunomia::recommend
