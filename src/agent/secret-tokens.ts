/** Tokens that can be told by their looks alone: issuers give them a prefix for that. Every repetition is bounded. */
export const tokens: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{16,256}/g, // Anthropic (sk-ant-...), OpenAI
  /\b(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,256}/g, // Stripe
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, // AWS access key ids
  /\bgh[pousr]_[A-Za-z0-9]{20,256}/g, // GitHub
  /\bgithub_pat_[A-Za-z0-9_]{20,256}/g,
  /\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_-]{20,256}/g, // GitLab
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,256}/g, // Slack
  /\bxapp-\d-[A-Za-z0-9-]{10,256}/g,
  /(?<=hooks\.slack\.com\/(?:services|workflows)\/)[A-Za-z0-9/]{20,100}/g,
  /(?<=discord(?:app)?\.com\/api\/webhooks\/)\d{10,30}\/[\w-]{40,100}/g,
  /\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b/g, // Telegram
  /\bAIza[0-9A-Za-z_-]{35}/g, // Google
  /\bya29\.[0-9A-Za-z_-]{20,2048}/g,
  /\bGOCSPX-[A-Za-z0-9_-]{20,64}/g,
  /\bnpm_[A-Za-z0-9]{36}/g,
  /\bpypi-AgE[A-Za-z0-9_-]{50,256}/g,
  /\bhf_[A-Za-z0-9]{30,64}/g, // Hugging Face
  /\bhv[sbr]\.[A-Za-z0-9_-]{20,512}/g, // Vault
  /\bs\.[A-Za-z0-9]{24}\b/g, // Vault before 1.10
  /\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,64}/g, // Docker Hub
  /\bdo[opr]_v1_[a-f0-9]{64}/g, // DigitalOcean
  /\bdapi[a-f0-9]{32}\b/g, // Databricks
  /\bgl(?:sa|c)_[A-Za-z0-9+/=_]{20,256}/g, // Grafana
  /\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}/g, // SendGrid
  /\bNRAK-[A-Z0-9]{20,64}/g, // New Relic
  /\bdt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}/g, // Dynatrace
  /\bsntry[su]_[A-Za-z0-9+/=_-]{20,512}/g, // Sentry
  /\bATATT3[A-Za-z0-9_=-]{50,512}/g, // Atlassian
  /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g, // Shopify
  /\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,128}/g, // Terraform
  /\bAGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9-]{1,20})-1[A-Z0-9]{40,128}/gi, // age
  /(?<![\w~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}/g, // Azure AD
  /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,8192}(?:\.[A-Za-z0-9_-]{0,8192})?/g, // JWT
  // Hashes of passwords, as crypt(3), htpasswd, PostgreSQL, Django and LDAP write them.
  /\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1|apr1|argon2(?:id?|d)|scrypt|pbkdf2[\w-]{0,12})\$[./A-Za-z0-9$=,+-]{20,512}/g,
  /\bpbkdf2_sha\d{1,3}\$\d{1,9}\$[^\s$:"']{1,64}\$[A-Za-z0-9+/=]{20,128}/g,
  /\bSCRAM-SHA-\d{1,3}\$\d{1,9}:[A-Za-z0-9+/=]{8,64}\$[A-Za-z0-9+/=:]{20,256}/g,
  /(?<![\w/])md5[0-9a-f]{32}(?!\w)/g,
  /\{(?:S?SHA(?:256|512)?|SMD5|CRYPT)\}[A-Za-z0-9+/=$.]{13,256}/g,
]
