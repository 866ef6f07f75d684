/** Tokens that can be recognised by their form: issuers give them a prefix for that. Every repetition is bounded. */
export const tokens: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{16,256}/g, // Anthropic (sk-ant-...), OpenAI
  /\b(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,256}/g, // Stripe
  /\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b/g, // AWS access key ids
  /\bABSK[A-Za-z0-9+/]{100,200}={0,2}/g, // AWS Bedrock
  /\bgh[pousr]_[A-Za-z0-9]{20,256}/g, // GitHub
  /\bgithub_pat_[A-Za-z0-9_]{20,256}/g,
  /\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_-]{20,256}/g, // GitLab
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,256}/g, // Slack
  /\b(?:xapp-\d|xwfp-\d{4,16})-[A-Za-z0-9-]{10,256}/g,
  /(?<=hooks\.slack\.com\/(?:services|workflows)\/)[A-Za-z0-9/]{20,100}/g,
  /(?<=discord(?:app)?\.com\/api\/webhooks\/)\d{10,30}\/[\w-]{40,100}/g,
  /\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b/g, // Telegram
  /\bAIza[0-9A-Za-z_-]{35}/g, // Google
  /\bya29\.[0-9A-Za-z_-]{20,2048}/g,
  /\bGOCSPX-[A-Za-z0-9_-]{20,64}/g,
  /\b(?:1\/\/0|4\/0A)[0-9A-Za-z_-]{38,256}/g,
  // Issuers that put a name of theirs before an underscore or a dash: Replicate, Groq, Netlify, Notion, Figma, Sonar, ...
  /\b(?:r8|gsk|fw|nfp|rnd|napi|ntn|secret|figd|lin_api|api_org|hcaik|pnu|rdme|tfp|fo1|fm2|sq[upa]|sbp|bkua|rubygems|pscale_(?:tkn|pw|oauth)|shippo_(?:live|test)|CCIPAT|ops)_(?=[A-Za-z_]{0,40}\d)[A-Za-z0-9_.=+/-]{24,2048}/g,
  /\b(?:xai|pplx|nvapi|sq0(?:csp|atp|idp)|xkeysib|CFPAT|PMAK|tskey-[a-z]{2,10}|pul|HRKU|NRII)-(?=[A-Za-z_-]{0,40}\d)[A-Za-z0-9_-]{24,512}/g,
  // Others like these: a short name, then a long run of digits and of letters of both cases.
  /\b[a-z][a-z0-9]{1,11}_(?:[a-z]{2,8}_){0,2}(?=[a-z0-9]{0,40}[A-Z])(?=[A-Z0-9]{0,40}[a-z])(?=[A-Za-z]{0,40}\d)[A-Za-z0-9]{30,256}\b/g,
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
  /\bAT(?:ATT3|CTT3)[A-Za-z0-9_=-]{50,512}/g, // Atlassian
  /\bATBB[A-Za-z0-9]{28,40}\b/g, // Bitbucket
  /\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}/g, // Discord
  /(?<=webhook\.office\.com\/webhookb2\/)[\w@-]{36,100}\/IncomingWebhook\/[\w-]{20,64}\/[\w-]{20,64}/g, // Teams
  /\bEAA[A-Za-z0-9]{50,256}/g, // Facebook, Square
  /\baccess_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}/g, // PayPal
  /\b(?:SK|key-|dose)[0-9a-f]{32}\b/g, // Twilio, Mailgun, Databricks
  /\b[0-9a-f]{32}-us\d{1,2}\b/g, // Mailchimp
  /\b(?:cio[A-Za-z0-9]{32}|oy2[a-z0-9]{43})\b/g, // crates.io, NuGet
  /\bdp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{1,35}\.)?[A-Za-z0-9]{40,44}\b/g, // Doppler
  /\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b/g, // 1Password
  /\beyJrIjoi[A-Za-z0-9]{30,400}={0,2}/g, // Grafana, older
  /\b[0-9a-f]{36}NRAL\b/g, // New Relic
  /\b(?:sdk|mob|api)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, // LaunchDarkly
  /\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b/g, // Airtable
  /\b(?:AKCp[A-Za-z0-9]{60,80}|cmVmdGtu[A-Za-z0-9]{50,64})\b/g, // Artifactory
  /\bEZ[AT]K[A-Za-z0-9]{54}\b/g, // EasyPost
  /\bt1\.[A-Za-z0-9_-]{20,80}={0,2}\.[A-Za-z0-9_-]{86}={0,2}/g, // Yandex
  /\bAQVN[A-Za-z0-9_-]{35,38}\b/g,
  /\b(?:LTAI[A-Za-z0-9]{16,24}|AKID[A-Za-z0-9]{32})\b/g, // Alibaba, Tencent
  /\bsl\.[A-Za-z0-9_-]{130,512}/g, // Dropbox
  /\bv[1-4]\.(?:local|public)\.[A-Za-z0-9_-]{40,4096}/g, // PASETO
  /\bK10[0-9a-f]{64}::[\w-]{1,32}:[\w.-]{16,128}/g, // k3s
  /\bxprv[A-Za-z0-9]{100,112}\b/g, // wallets
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
  /(?<![\w*])\*[0-9A-F]{40}\b/g, // MySQL
  /(?<=:\d{1,10}:)[0-9a-f]{32}:[0-9a-f]{32}(?=:::)/g, // Windows
  /(?<=^[A-Za-z_][\w.@-]{0,63}:[A-Za-z_][^:\n]{0,63}:)[0-9a-f]{32}$/gm, // htdigest
  /\{(?:S?SHA(?:256|512)?|SMD5|CRYPT)\}[A-Za-z0-9+/=$.]{13,256}/g,
]
