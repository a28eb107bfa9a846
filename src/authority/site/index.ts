/** `nexus-mesh/server`: what the backend of a website needs, and nothing of the mesh itself. */
export { IDENTITY_FAILURES, type IdentityFailure, NexusError, type NexusErrorCode } from '../../errors.ts'
export { Authority } from '../../identity/authority.ts'
export { answerRequest, type CertificateAnswer, type EnrolmentTerms } from '../../identity/enrolment.ts'
export {
  type CertificateRoute,
  type CertificateRouteOptions,
  certificateRoute,
  type SiteUser
} from './certificate-route.ts'
export { nodeHandler } from './node-handler.ts'
