#pragma once

#include <string>

#include "recommend/avro_schema.h"
#include "recommend/dataset.h"
#include "wire/personalize/house.h"

// How the datasets of a group lie in ours. A group is a dataset of ours, of the same name, whose three tables are its
// Interactions, Items and Users. Its Actions and Action_Interactions are items and interactions of a second one.
namespace eunomia::wire::personalize {

// What a client calls "INTERACTIONS", in any case; nothing for another type.
std::optional<recommend::schema_subject> dataset_type_named(std::string_view name);
// As it stands in ARNs and answers: "ACTION_INTERACTIONS".
std::string_view type_name(recommend::schema_subject type);

// Where the rows of one lie.
struct table_of_ours {
  std::string dataset;
  recommend::data_kind kind = recommend::data_kind::interactions;
};
table_of_ours table_of(const resource& group, recommend::schema_subject type);
// The name of the dataset of ours that a group is.
std::string dataset_of(const resource& group);

// The group that a dataset, solution, tracker or filter belongs to.
resource group_of(const house& in, const resource& one);
// The dataset of a type, where the group has one.
std::optional<resource> dataset_of_type(const house& in, const resource& group, recommend::schema_subject type);
// What its schema says.
std::shared_ptr<const recommend::avro_schema> schema_of(const house& in, const resource& dataset);

}  // namespace eunomia::wire::personalize
