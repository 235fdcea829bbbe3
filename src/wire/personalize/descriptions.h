#pragma once

#include <functional>
#include <string>

#include "wire/aws/json_service.h"
#include "wire/personalize/house.h"

// Describe… and List…, alike for every kind of resource: what they show is what the service model's shapes have of what
// is known of a resource.
namespace eunomia::wire::personalize {

// "datasetImportJob", "DatasetImportJob"
std::string camel_name(resource_kind kind);
std::string pascal_name(resource_kind kind);

// Everything that is known of a resource for clients: what it shows, its ARN, status, failure and times.
core::json_value known_of(const resource& one);

// Adds to what is known of one what is looked up when it is described.
using adornment = std::function<core::json_value(const resource& one, core::json_value known)>;
// Describe<Kind>: {<kind>Arn} -> {<kind>: {...}}.
void add_description(aws::json_service& to, const house& in, resource_kind kind, adornment also = {});
// List<Kind>s: {<parent>Arn?, nextToken?, maxResults?} -> {<kind>s: [...], nextToken?}. A parent, where it is given,
// must be there.
void add_list(aws::json_service& to, const house& in, resource_kind kind);
// Both.
void add_views(aws::json_service& to, const house& in, resource_kind kind, adornment also = {});

// {"<kind>Arn": arn}
core::json_value arn_answer(resource_kind kind, const std::string& arn);
// {}
core::json_value nothing_to_say();

// The member tags of an input. Throws TooManyTagsException.
std::vector<tag> tags_in(const core::json_value& input);

// Keeps a resource that is ready at once. Throws as resources::add.
void make(const house& in, resource made, const std::vector<tag>& tags);
// What an input asked for, without its tags.
core::json_value asked_for(const core::json_value& input);

}  // namespace eunomia::wire::personalize
