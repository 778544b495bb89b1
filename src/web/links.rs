//! Links and title of an HTML page, found in one streaming pass.
