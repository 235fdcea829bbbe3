#pragma once

#include <string_view>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/custodian.h"
#include "recommend/dataset.h"
#include "recommend/recommenders.h"
#include "subject/audit/certificate.h"
#include "subject/custody/custody_context.h"

namespace eunomia::recommend {

// What datasets hold of one person, put right on request (GDPR Art. 16): the rows, and what models learned from them.
// Any thread. All must outlive it.
class rectifying {
 public:
  rectifying(datasets& data, recommenders& all, const custodian_options& with) : data_(data), all_(all), with_(with) {}

  // Throws errc::not_found for a dataset that is not there, and what dataset::check throws.
  void check(std::string_view dataset, const rectification& wanted) const;
  // Corrects the rows, then has every kept version of every model forget the person: what is right of them they learn
  // at their next training. What the person does meanwhile is refused. Done again it does what was not done. Each step
  // without a level, as certificates want it.
  std::vector<subject::certificate_step> carry_out(std::string_view dataset, core::subject_handle who,
                                                   const rectification& wanted,
                                                   const subject::custody_context& with) const;

 private:
  datasets& data_;
  recommenders& all_;
  const custodian_options with_;
};

}  // namespace eunomia::recommend
