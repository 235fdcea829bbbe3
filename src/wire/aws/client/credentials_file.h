#pragma once

#include <filesystem>
#include <string_view>

#include "wire/aws/signer.h"

namespace eunomia::wire::aws {

// Who signs, out of text with a line "name = value" for each of aws_access_key_id, aws_secret_access_key and, for
// credentials that are lent for hours, aws_session_token: the file of `aws configure` (the profile "default", or the
// only one), and what `eunomia keys create` prints. Names are compared without case; other lines are passed over.
// Throws errc::invalid_argument, which quotes no value: where names the text for messages.
credentials read_credentials(std::string_view text, std::string_view where);
// The same of a file of at most max_credentials_bytes.
inline constexpr std::size_t max_credentials_bytes = std::size_t{64} << 10U;
credentials read_credentials_file(const std::filesystem::path& file);
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN with a prefix before each. Throws errc::invalid_argument
// with the names that are missing.
credentials credentials_in_environment(std::string_view prefix = "");

}  // namespace eunomia::wire::aws
