#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "recommend/answering.h"
#include "wire/personalize/house.h"
#include "wire/personalize/recipes.h"
#include "wire/personalize/resources.h"

// What a question to personalize-runtime names, and what it says of the answer beside AWS's members.
namespace eunomia::wire::personalize {

// What answers: a campaign, or a recommender of a domain.
struct asked_thing {
  std::shared_ptr<const resource> asked;
  std::shared_ptr<const resource> solution;  // of a recommender itself
  const recipe* of = nullptr;                // null: AutoML chose
  recommend::asked_model model;
  // Where an A/B test chose the campaign.
  std::shared_ptr<const recommend::ab_test> test = nullptr;
  std::size_t arm = 0;

  // Null where it was made without.
  const core::json_value* config() const;
  recipe_type type() const { return of == nullptr ? recipe_type::user_personalization : of->type; }
};

// By campaignArn or recommenderArn. A campaignArn may be arn:aws:personalize:<region>:<account>:ab-test/<name>: then
// the arm that the user has, which must be a campaign. Throws errc::invalid_argument for both or neither, and for an
// A/B test without a user or with an arm that is no campaign.
asked_thing thing_named(const house& in, const core::json_value& input);

// Puts on record that somebody was answered by the arm of a test.
void count_answer(const house& in, const asked_thing& of, const core::json_value& input,
                  const recommend::answer& given);

}  // namespace eunomia::wire::personalize
